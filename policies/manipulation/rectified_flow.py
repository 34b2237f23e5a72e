"""Rectified flow with reflow on point clouds (Liu et al., 2023, arXiv:2209.03003), and its improved training.

Convention: x_t = (1 − t) x + t e, **t = 1 is noise**, velocity e − x. After the first phase (flow matching) the network
is trained on pairs (e, x) that its teacher's ODE joins: paths that no longer cross are straight, and one step suffices.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Loss, Signature
from simplatform.policies.manipulation.flow_matching import TIME_SCALE, FlowMatching, FlowMatchingConfig
from simplatform.policies.manipulation.student import Student, StudentConfig

Field_ = Callable[[Tensor, float], Tensor]
HUBER = 0.00054
"""Constant of the pseudo-Huber metric per dimension, √d of it in the norm (Song & Dhariwal, 2024)."""
SHIFT = 1e-5
"""Times of the improved training stay away from 0 and 1 by this much."""


class RectifiedFlowConfig(FlowMatchingConfig, StudentConfig):
    """Settings of rectified flow."""

    nfe: int = Field(1, ge=1, description="most network evaluations per chunk")
    reflow: int = Field(1, ge=1, description="rounds of reflow")
    pair_nfe: int = Field(10, ge=1, description="midpoint evaluations, two a step, that make a pair")


class RectifiedFlow(Student, FlowMatching):
    """Flow matching, then reflow on pairs of noise and the teacher's answer, drawn anew for every batch.

    ``teacher_straightness`` is logged, and ``straightness`` of the student on validation data: S = E ∫ ‖(e − x) −
    v(z_t, t)‖² dt along the ODE's own paths, 0 for straight ones (Liu et al., eq. 6, per component here).
    """

    config: RectifiedFlowConfig

    def __init__(self, config: RectifiedFlowConfig, signature: Signature) -> None:
        super().__init__(config, signature)

    @property
    def rounds(self) -> int:
        """Rounds of reflow."""
        return self.config.reflow

    def accepts(self, teacher: object) -> bool:
        """Return whether the teacher is a flow-matching policy; others predict or time something else."""
        return isinstance(teacher, FlowMatching)

    def student_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the reflow loss; ``chunk`` gives the shape only."""
        noise = torch.randn(chunk.shape, generator=generator, device=chunk.device, dtype=chunk.dtype)
        steps = -(-self.config.pair_nfe // 2)
        with torch.no_grad():
            prepared = self.teacher.prepare(condition, self.horizon)
            made, bend = straight_line(lambda x, t: self.teacher(x, (TIME_SCALE * t,), prepared), noise, steps)
        loss = self.pair_loss(made, noise, self.draw_times(len(chunk), chunk, generator), condition)
        parts = {**loss.parts, "teacher_straightness": bend}
        if not self.training:
            prepared = self.unet.prepare(condition, self.horizon)
            parts["straightness"] = straight_line(lambda x, t: self.velocity(x, t, prepared), noise, steps)[1].detach()
        return Loss(loss.total, parts)

    def draw_times(self, count: int, like: Tensor, generator: Generator) -> Tensor:
        """Draw training times ``(count,)``, uniform."""
        return torch.rand(count, generator=generator, device=like.device, dtype=like.dtype)

    def pair_loss(self, chunk: Tensor, noise: Tensor, t: Tensor, condition: Tensor) -> Loss:
        """Return the loss for pairs at times: that of flow matching."""
        return self.loss_at(chunk, noise, t, condition)


def straight_line(velocity: Field_, noise: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Integrate ``noise (B, ...)`` from t = 1 to 0 by ``steps`` midpoint steps; return the end and the straightness.

    The straightness is the mean over samples, components and midpoints of ((e − x) − v)², 0-d.
    """
    x, middles, h = noise, [], 1 / steps
    for index in range(steps):
        t = 1 - index * h
        middle = velocity(x - 0.5 * h * velocity(x, t), t - 0.5 * h)
        middles.append(middle)
        x = x - h * middle
    return x, ((noise - x) - torch.stack(middles)).square().mean()


class RectifiedFlowPPConfig(RectifiedFlowConfig):
    """Settings of the improved training."""

    sharpness: float = Field(4.0, ge=0, description="a of the U-shaped density of times, e^(at) + e^(-at); 0 = uniform")


class RectifiedFlowPP(RectifiedFlow):
    """2-rectified flow++ (Lee et al., 2024, arXiv:2405.20320): times near both ends, and a robust metric.

    The metric is (1 − t) times the pseudo-Huber distance of velocities plus, for LPIPS of images, the pseudo-Huber
    distance of the data predictions over t: actions have no perceptual metric.
    """

    config: RectifiedFlowPPConfig

    def __init__(self, config: RectifiedFlowPPConfig, signature: Signature) -> None:
        super().__init__(config, signature)

    def draw_times(self, count: int, like: Tensor, generator: Generator) -> Tensor:
        """Draw from the density ∝ e^(at) + e^(−at) on [0, 1] by inversion, half of it mirrored."""
        u = torch.rand(count, 2, generator=generator, device=like.device, dtype=like.dtype).unbind(1)
        a = self.config.sharpness
        rising = torch.log1p(u[0] * torch.expm1(torch.tensor(a, dtype=like.dtype))) / a if a else u[0]
        t = torch.where(u[1] < 0.5, rising, 1 - rising)
        return SHIFT + (1 - 2 * SHIFT) * t

    def pair_loss(self, chunk: Tensor, noise: Tensor, t: Tensor, condition: Tensor) -> Loss:
        """Return the weighted pseudo-Huber loss."""
        x = torch.lerp(chunk, noise, t[:, None, None])
        error = (self.velocity(x, t, condition) - (noise - chunk)).flatten(1)
        velocity, data = pseudo_huber(error), pseudo_huber(t[:, None] * error) / t
        return Loss(((1 - t) * velocity + data).mean())


def pseudo_huber(error: Tensor) -> Tensor:
    """Return (√(‖error‖² + c²) − c) / d of errors ``(B, d)``, c = 0.00054 d, as ``(B,)``."""
    d = error.shape[1]
    c = HUBER * d
    return ((error.square().sum(1) + c * c).sqrt() - c) / d
