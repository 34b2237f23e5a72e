"""DP3 and Simple-DP3: diffusion policies on point clouds (Ze et al., 2024, arXiv:2403.03954)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Generator, Tensor

from simplatform.contracts import Loss, Signature
from simplatform.policies.diffusion import ddim, ddim_indices, noised, squared_cosine
from simplatform.policies.official import from_official
from simplatform.policies.pointcloud import PointCloudConfig, PointCloudPolicy
from simplatform.policies.unet import Prepared


class DP3Config(PointCloudConfig):
    """Settings of DP3; the defaults are the published ones, except for size and chunk."""

    steps: int = Field(100, ge=2, description="diffusion steps of training")
    nfe: int = Field(10, ge=1, description="network evaluations per chunk (DDIM steps)")

    @model_validator(mode="after")
    def _sampled(self) -> DP3Config:
        if self.nfe > self.steps:
            raise ValueError(f"nfe={self.nfe} exceeds the {self.steps} diffusion steps of training")
        return self


class SimpleDP3Config(DP3Config):
    """Settings of Simple-DP3: narrower at full size."""

    sizes: ClassVar[dict[str, tuple[int, ...]]] = {"small": (64, 128, 192), "paper": (128, 256, 384)}


class DP3(PointCloudPolicy):
    """Diffusion policy that predicts the clean chunk, sampled with DDIM.

    ``levels`` holds ᾱ ``(steps,)``; ``predict`` is what any sampler of diffusion models needs.
    """

    config: DP3Config
    levels: Tensor

    def __init__(self, config: DP3Config, signature: Signature, **unet: Any) -> None:
        super().__init__(config, signature, **unet)
        self.register_buffer("levels", squared_cosine(config.steps), persistent=False)
        self._levels: list[float] = self.levels.tolist()

    def predict(self, x: Tensor, step: Tensor | int, condition: Tensor | Prepared) -> Tensor:
        """Return the clean chunk that the network sees in ``x (B, T, A)`` at diffusion steps ``(B,)``, or at one."""
        return self.unet(x, (step.to(x.dtype) if isinstance(step, Tensor) else step,), condition)

    def sample(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Denoise with ``nfe`` DDIM steps."""
        indices = ddim_indices(self.config.steps, self.config.nfe)
        prepared = self.unet.prepare(condition, self.horizon)
        return ddim(lambda x, k: self.predict(x, k, prepared), noise, self._levels, indices)

    def chunk_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the mean squared error of the predicted chunk at random steps."""
        noise = torch.randn(chunk.shape, generator=generator, device=chunk.device, dtype=chunk.dtype)
        step = torch.randint(self.config.steps, (len(chunk),), generator=generator, device=chunk.device)
        return self.loss_at(chunk, noise, step, condition)

    def loss_at(self, chunk: Tensor, noise: Tensor, step: Tensor, condition: Tensor) -> Loss:
        """Return the loss for given draws."""
        noisy = noised(chunk, noise, self.levels[step])
        return Loss(F.mse_loss(self.predict(noisy, step, condition), chunk))


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
