"""DP3 and Simple-DP3: diffusion policies on point clouds (Ze et al., 2024, arXiv:2403.03954)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Generator, Tensor

from simplatform.contracts import Loss, Signature
from simplatform.policies.manipulation.diffusion import ddim, ddim_indices, noised, squared_cosine
from simplatform.policies.manipulation.official import from_official
from simplatform.policies.manipulation.pointcloud import PointCloudConfig, PointCloudPolicy
from simplatform.policies.nn.unet import Prepared
from simplatform.policies.samplers import Denoiser, Levels, Sampler, get_sampler

PUBLISHED = "ddim"


class DP3Config(PointCloudConfig):
    """Settings of DP3; the defaults are the published ones, except for size and chunk."""

    renamed: ClassVar[Mapping[str, str]] = {"steps": "timesteps"}

    timesteps: int = Field(100, ge=2, description="diffusion timesteps of training")
    nfe: int = Field(10, ge=1, description="most network evaluations per chunk")
    sampler: str = Field(
        PUBLISHED,
        description="ddim: as published (clipped; a single step sees the least noise); or any: dpm++2m, heun, …",
    )
    prediction: Literal["data", "noise", "v"] = Field("data", description="what the network predicts of a noisy chunk")

    @model_validator(mode="after")
    def _sampled(self) -> DP3Config:
        if self.sampler == PUBLISHED and self.nfe > self.timesteps:
            raise ValueError(f"nfe={self.nfe} exceeds the {self.timesteps} diffusion steps of training")
        return self


class SimpleDP3Config(DP3Config):
    """Settings of Simple-DP3: narrower at full size."""

    sizes: ClassVar[dict[str, tuple[int, ...]]] = {"small": (64, 128, 192), "paper": (128, 256, 384)}


class DP3(PointCloudPolicy):
    """Diffusion policy, sampled with DDIM or any other sampler between the first and the last noise level.

    ``levels`` holds ᾱ ``(steps,)``; ``predict`` is what any sampler of diffusion models needs.
    """

    config: DP3Config
    levels: Tensor

    def __init__(self, config: DP3Config, signature: Signature, **unet: Any) -> None:
        """Build the networks, and find the sampler.

        Raises:
            UnknownName: there is no such sampler.
            SolverError: the sampler needs more evaluations for one step than ``nfe``.
        """
        super().__init__(config, signature, **unet)
        self.register_buffer("levels", squared_cosine(config.timesteps), persistent=False)
        self._levels: list[float] = self.levels.tolist()
        self._path = Levels(self._levels)
        self._sampler: Sampler | None = None
        if config.sampler != PUBLISHED:
            self._sampler = get_sampler(config.sampler)
            self._sampler.steps(config.nfe)

    def predict(self, x: Tensor, step: Tensor | float, condition: Tensor | Prepared) -> Tensor:
        """Return what the network predicts (``config.prediction``) of ``x (B, T, A)`` at diffusion steps ``(B,)``."""
        answer: Tensor = self.unet(x, (step.to(x.dtype) if isinstance(step, Tensor) else step,), condition)
        return answer

    def denoiser(self, prepared: Tensor | Prepared) -> Denoiser:
        """Return what samplers call, for a condition."""
        return Denoiser(lambda x, t: self.predict(x, t, prepared), self._path, self.config.prediction)

    def sample(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Denoise with at most ``nfe`` evaluations."""
        denoiser = self.denoiser(self.unet.prepare(condition, self.horizon))
        if self._sampler is not None:
            return self._sampler.generate(denoiser, noise, self.config.nfe)
        indices = ddim_indices(self.config.timesteps, self.config.nfe)
        return ddim(lambda x, k: denoiser.data(x, float(k)), noise, self._levels, indices)

    def chunk_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the mean squared error of the predicted chunk at random steps."""
        noise = torch.randn(chunk.shape, generator=generator, device=chunk.device, dtype=chunk.dtype)
        step = torch.randint(self.config.timesteps, (len(chunk),), generator=generator, device=chunk.device)
        return self.loss_at(chunk, noise, step, condition)

    def loss_at(self, chunk: Tensor, noise: Tensor, step: Tensor, condition: Tensor) -> Loss:
        """Return the loss for given draws."""
        level = self.levels[step]
        prediction = self.predict(noised(chunk, noise, level), step, condition)
        return Loss(F.mse_loss(prediction, target(self.config.prediction, chunk, noise, level)))


def target(prediction: str, chunk: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """Return what a network shall predict: the chunk, the noise, or v = √ᾱ e − √(1 − ᾱ) x (Salimans & Ho, 2022)."""
    if prediction == "data":
        return chunk
    return noise if prediction == "noise" else noised(noise, -chunk, level)


class SimpleDP3(DP3):
    """DP3 with one residual block per stage instead of two."""

    config: SimpleDP3Config

    def __init__(self, config: SimpleDP3Config, signature: Signature) -> None:
        super().__init__(config, signature, depth=1, middle=1)


def import_dp3(payload: Any, settings: Mapping[str, Any]) -> tuple[DP3, DP3Config, Signature]:
    """Convert a DP3 checkpoint of the authors' program (see ``policies.official``)."""
    return from_official(DP3, DP3Config, payload, settings)


def import_simple_dp3(payload: Any, settings: Mapping[str, Any]) -> tuple[SimpleDP3, SimpleDP3Config, Signature]:
    """Convert a Simple-DP3 checkpoint of the authors' program (see ``policies.official``)."""
    return from_official(SimpleDP3, SimpleDP3Config, payload, settings)
