"""Conditional flow matching on point clouds (Lipman et al., 2023, arXiv:2210.02747), with the straight path.

Convention: x_t = (1 − t) x + t e with data x and noise e, so that **t = 1 is noise** and the velocity is e − x.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Loss, Signature
from simplatform.policies.manipulation.pointcloud import PointCloudConfig, PointCloudPolicy
from simplatform.policies.nn.unet import Prepared
from simplatform.policies.samplers import Denoiser, ODESampler, Path, Straight, get_sampler

TIME_SCALE = 99.0
"""The network sees 99 t, as FlowPolicy's does."""


class FlowMatchingConfig(PointCloudConfig):
    """Settings of flow matching."""

    sampler: str = Field("euler", description="an ODE solver or a sampler: euler, midpoint, rk4, ddim, dpm++2m, …")
    nfe: int = Field(10, ge=1, description="most network evaluations per chunk; adaptive solvers take what they need")


class FlowMatching(PointCloudPolicy):
    """Flow policy for any sampler: ODE solvers integrate the velocity from t = 1 to 0.

    Samplers of diffusion models work between the ends where log(α/σ) is finite (t from 0.999 to 0.001).
    """

    config: FlowMatchingConfig

    def __init__(self, config: FlowMatchingConfig, signature: Signature) -> None:
        """Build the networks, and find the sampler.

        Raises:
            UnknownName: there is no such sampler.
            SolverError: the sampler needs more evaluations for one step than ``nfe``.
        """
        super().__init__(config, signature)
        self._sampler = get_sampler(config.sampler)
        self._sampler.steps(config.nfe)
        self._path: Path = Straight(margin=0.0) if isinstance(self._sampler, ODESampler) else Straight()

    def velocity(self, x: Tensor, t: Tensor | float, condition: Tensor | Prepared) -> Tensor:
        """Return v(x, t) for chunks ``(B, T, A)`` and times in [0, 1], ``(B,)`` or one number."""
        answer: Tensor = self.unet(x, (TIME_SCALE * t,), condition)
        return answer

    def sample(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Integrate from noise to a chunk with at most ``nfe`` evaluations."""
        prepared = self.unet.prepare(condition, self.horizon)
        return self._sampler.generate(self.denoiser(prepared, self._path), noise, self.config.nfe)

    def denoiser(self, prepared: Tensor | Prepared, path: Path | None = None) -> Denoiser:
        """Return what samplers call, for a condition; by default between the ends where log(α/σ) is finite."""
        return Denoiser(lambda x, t: self.velocity(x, t, prepared), path or Straight(), "velocity")

    def chunk_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the flow-matching loss for uniform times."""
        noise = torch.randn(chunk.shape, generator=generator, device=chunk.device, dtype=chunk.dtype)
        t = torch.rand(len(chunk), generator=generator, device=chunk.device, dtype=chunk.dtype)
        return self.loss_at(chunk, noise, t, condition)

    def loss_at(self, chunk: Tensor, noise: Tensor, t: Tensor, condition: Tensor) -> Loss:
        """Return E ‖v(x_t, t) − (e − x)‖² for given draws."""
        x = torch.lerp(chunk, noise, t[:, None, None])
        return Loss((self.velocity(x, t, condition) - (noise - chunk)).square().mean())
