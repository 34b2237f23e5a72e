"""Rectified diffusion on point clouds (Wang et al., 2024, arXiv:2410.07303): reflow without straight paths.

A diffusion model is trained again, with its own schedule and prediction type, on pairs of noise and the chunk that its
teacher makes of it. What matters is that the noise prediction stays constant along a path (a first-order path): DDIM is
then exact in one step, however curved the path is.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Loss, Signature
from simplatform.policies.manipulation.diffusion import ddim, trailing
from simplatform.policies.manipulation.dp3 import DP3, DP3Config
from simplatform.policies.manipulation.student import Student, StudentConfig
from simplatform.policies.samplers import Denoiser


class FewStepConfig(DP3Config, StudentConfig):
    """Settings of diffusion policies that are made to need few steps."""

    nfe: int = Field(1, ge=1, description="most network evaluations per chunk")


class RectifiedDiffusionConfig(FewStepConfig):
    """Settings of rectified diffusion."""

    prediction: Literal["data", "noise", "v"] = Field("v", description="what the network predicts of a noisy chunk")
    rounds: int = Field(1, ge=1, description="rounds of training on pairs")
    pair_nfe: int = Field(10, ge=1, description="DDIM steps that make a pair")


class FewStep(Student, DP3):
    """Base: a diffusion policy with a teacher, sampled by DDIM from pure noise down to clean data."""

    config: FewStepConfig

    def sample(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Denoise: DDIM by default, with steps that begin at the noisiest level (the published ones of DP3 do not)."""
        if self._sampler is not None:
            return super().sample(condition, noise)
        return self.steps_from(self.denoiser(self.unet.prepare(condition, self.horizon)), noise, self.config.nfe)

    def steps_from(self, denoiser: Denoiser, noise: Tensor, nfe: int) -> Tensor:
        """Return what ``nfe`` DDIM steps make of noise; the last one ends in clean data."""
        indices = trailing(self.config.timesteps, nfe)
        return ddim(lambda x, k: denoiser.data(x, float(k)), noise, self._levels, indices)

    def taught(self, condition: Tensor) -> Denoiser:
        """Return what the teacher predicts."""
        prepared = self.teacher.prepare(condition, self.horizon)
        return Denoiser(lambda x, t: self.teacher(x, (t,), prepared), self._path, self.config.prediction)

    def accepts(self, teacher: object) -> bool:
        """Return whether the teacher is a diffusion policy with the same schedule and prediction type."""
        own = self.config
        return isinstance(teacher, DP3) and (teacher.config.timesteps, teacher.config.prediction) == (
            own.timesteps, own.prediction,
        )  # fmt: skip


class RectifiedDiffusion(FewStep):
    """Diffusion with v-prediction, then training on pairs; one DDIM step from noise.

    ``variation`` of the student is logged on validation data: the variance of its noise prediction along its own path
    of ``pair_nfe`` steps, 0 for a first-order path.
    """

    config: RectifiedDiffusionConfig

    def __init__(self, config: RectifiedDiffusionConfig, signature: Signature) -> None:
        super().__init__(config, signature)

    @property
    def rounds(self) -> int:
        """Rounds of training on pairs."""
        return self.config.rounds

    def student_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the diffusion loss on pairs; ``chunk`` gives the shape only."""
        noise = torch.randn(chunk.shape, generator=generator, device=chunk.device, dtype=chunk.dtype)
        with torch.no_grad():
            made = self.steps_from(self.taught(condition), noise, self.config.pair_nfe)
        step = torch.randint(self.config.timesteps, (len(chunk),), generator=generator, device=chunk.device)
        loss = self.loss_at(made, noise, step, condition)
        if self.training:
            return loss
        return Loss(loss.total, {**loss.parts, "variation": self.variation(condition, noise)})

    @torch.no_grad()
    def variation(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return the variance of the predicted noise along DDIM's path, mean over samples and components."""
        denoiser, seen = self.denoiser(self.unet.prepare(condition, self.horizon)), []

        def data(x: Tensor, k: int) -> Tensor:
            clean, predicted = denoiser.both(x, float(k))
            seen.append(predicted)
            return clean

        ddim(data, noise, self._levels, trailing(self.config.timesteps, self.config.pair_nfe))
        return torch.stack(seen).var(0, unbiased=False).mean()
