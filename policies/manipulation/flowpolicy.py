"""FlowPolicy: consistency flow matching on point clouds (Zhang et al., 2024, arXiv:2412.04987).

Convention: x_t = t x + (1 − t) a0 with data x and noise a0, so that **t = 1 is data**. Time is cut into equal segments.
Within one, the velocity is trained so that every x_t, carried straight to the segment's end, arrives at the same place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Loss, Signature
from simplatform.policies.manipulation.official import from_official
from simplatform.policies.manipulation.pointcloud import PointCloudConfig, PointCloudPolicy
from simplatform.policies.nn.unet import Prepared

TIME_SCALE = 99.0
"""The network sees 99 t."""


class FlowPolicyConfig(PointCloudConfig):
    """Settings of FlowPolicy; the defaults are the published ones, except for the size."""

    nfe: int = Field(1, ge=1, description="network evaluations per chunk (Euler steps)")
    epsilon: float = Field(1e-2, gt=0, lt=1, description="smallest time")
    delta: float = Field(1e-2, gt=0, lt=1, description="time between the two points whose ends are compared")
    segments: int = Field(2, ge=1, description="equal segments of time")
    alpha: float = Field(1e-5, ge=0, description="weight of the velocity's consistency")
    boundary: float = Field(1.0, gt=0, description="times from which the true end of the segment is the target")


class FlowPolicy(PointCloudPolicy):
    """Consistency-flow policy: one Euler step from noise to a chunk, or several."""

    config: FlowPolicyConfig

    def __init__(self, config: FlowPolicyConfig, signature: Signature) -> None:
        super().__init__(config, signature)

    def velocity(self, x: Tensor, t: Tensor | float, condition: Tensor | Prepared) -> Tensor:
        """Return v(x, t) for chunks ``(B, T, A)`` and times in [0, 1], ``(B,)`` or one number."""
        answer: Tensor = self.unet(x, (TIME_SCALE * t,), condition)
        return answer

    def sample(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Integrate from noise with ``nfe`` Euler steps."""
        config, x = self.config, noise
        prepared = self.unet.prepare(condition, self.horizon)
        for i in range(config.nfe):
            t = i / config.nfe * (1 - config.epsilon) + config.epsilon
            x = x + self.velocity(x, t, prepared) / config.nfe
        return x

    def chunk_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the consistency loss for random times and noise."""
        noise = torch.randn(chunk.shape, generator=generator, device=chunk.device, dtype=chunk.dtype)
        t = torch.rand(len(chunk), generator=generator, device=chunk.device, dtype=chunk.dtype)
        return self.loss_at(chunk, noise, self.config.epsilon + (1 - self.config.epsilon) * t, condition)

    def loss_at(self, chunk: Tensor, noise: Tensor, t: Tensor, condition: Tensor) -> Loss:
        """Return ‖f(t, x_t) − f(r, x_r)‖² + α ‖v_t − v_r‖², r = t + δ; f goes straight to the segment's end."""
        config = self.config
        r = (t + config.delta).clamp_max(1.0)
        end = ((t * config.segments).ceil().clamp_min(1) / config.segments)[:, None, None]
        both = torch.cat([t, r])[:, None, None]
        x = torch.lerp(noise.repeat(2, 1, 1), chunk.repeat(2, 1, 1), both)
        v = self.velocity(x, both.flatten(), condition.repeat(2, 1))
        arrival, later = (x + (end.repeat(2, 1, 1) - both) * v).chunk(2)
        later = torch.where(r[:, None, None] < config.boundary, later, torch.lerp(noise, chunk, end))
        consistency = (arrival - later).square().mean((1, 2))
        velocity = torch.sub(*v.chunk(2)).square().mean((1, 2)) * ((end.flatten() - t) > 1.01 * config.delta)
        parts = {"consistency": consistency.detach().mean(), "velocity": velocity.detach().mean()}
        return Loss((consistency + config.alpha * velocity).mean(), parts)


def import_official(payload: Any, settings: Mapping[str, Any]) -> tuple[FlowPolicy, FlowPolicyConfig, Signature]:
    """Convert a checkpoint of the authors' program (see ``policies.official``)."""
    return from_official(FlowPolicy, FlowPolicyConfig, payload, settings)
