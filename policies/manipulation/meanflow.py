"""MeanFlow: learning an average velocity, which one network evaluation integrates (Geng et al., 2025,
arXiv:2505.13447).

Convention: z_t = (1 − t) x + t e with data x and noise e, so that t = 1 is noise and v = e − x. The average velocity
between r and t obeys u = v − (t − r) du/dt, where d/dt goes along (v, 1, 0) in (z, t, r): the MeanFlow identity (eq.
6).

The network may answer with data instead, D = z − t u: where the average velocity would carry z if it went on to t = 0.
The identity then reads D = x + (t − r) ((D − x)/t − dD/dt), with x for z − t v: plain denoising where r = t, and a
clean sample that stays the same along the path where r = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor

from simplatform.policies.nn.unet import ConditionalUnet, Dual, Prepared

Prediction = Literal["velocity", "data"]


@dataclass(frozen=True)
class Times:
    """Times ``(B,)`` of a batch: rows before ``moving`` have r ≤ t, all others r = t and need no derivative."""

    t: Tensor
    r: Tensor
    moving: int


@dataclass(frozen=True)
class MeanFlowTerms:
    """What one pass yields; ``rate``, the derivative of the network's answer along the path, is ``(moving, T, A)``;
    ``features`` are the outputs of the U-Net's down stages."""

    prediction: Tensor
    target: Tensor
    rate: Tensor
    features: tuple[Tensor, ...]


def draw_times(
    rows: int, *, mean: float, std: float, equal: float, generator: Generator, device: torch.device
) -> Times:
    """Draw t ≥ r, each from a logit-normal; a share ``equal`` of the rows, the last ones, get r = t (section 4.3).

    Windows are shuffled, so that "the last rows" is as random a choice as any.
    """
    draws = torch.randn((2, rows), generator=generator, device=device).mul_(std).add_(mean).sigmoid_()
    t, r = draws.amax(0), draws.amin(0)
    moving = rows - int(equal * rows)
    r[moving:] = t[moving:]
    return Times(t, r, moving)


def meanflow_terms(
    unet: ConditionalUnet,
    chunk: Tensor,
    noise: Tensor,
    times: Times,
    condition: Tensor,
    guidance: float,
    prediction: Prediction = "velocity",
) -> MeanFlowTerms:
    """Return the network's answer (with graph) and its target by the MeanFlow identity (without).

    Classifier-free guidance inside of the target: v̂ = w v + (1 − w) u(z, t, t), or x̂ = w x + (1 − w) D(z, t, t); w = 1
    is plain MeanFlow. Rows with r = t use the answer itself for the second term, and only the others are evaluated
    again and differentiated.
    """
    m, data = times.moving, prediction == "data"
    z = torch.lerp(chunk, noise, times.t[:, None, None])
    goal = chunk if data else noise - chunk
    prepared = unet.prepare(condition, chunk.shape[1])
    guided = _guided(unet, z[:m], times.t[:m], prepared.rows(m), goal[:m], guidance)
    t, span = times.t[:m, None, None], (times.t - times.r)[:m, None, None]
    ones = torch.ones_like(times.t[:m])
    duals = [Dual(times.t, ones), Dual(times.r)] if m else [Dual(times.t), Dual(times.r)]
    direction = (z[:m] - guided) / t if data else guided
    output, features = unet.propagate(Dual(z, direction if m else None), duals, prepared)
    rate = torch.empty_like(z[:0]) if output.tangent is None else output.tangent
    with torch.no_grad():
        still = guidance * goal[m:] + (1 - guidance) * output.value[m:]
        slope = rate - (output.value[:m] - guided) / t if data else rate
        target = torch.cat([guided - span * slope, still])
    return MeanFlowTerms(output.value, target, rate, features)


def _guided(unet: ConditionalUnet, z: Tensor, t: Tensor, prepared: Prepared, goal: Tensor, guidance: float) -> Tensor:
    """Return v̂ or x̂ of the rows that move."""
    if guidance == 1 or not len(z):
        return goal
    with torch.no_grad():
        answer: Tensor = guidance * goal + (1 - guidance) * unet(z, (t, t), prepared)
        return answer


def adaptive_loss(prediction: Tensor, target: Tensor, *, power: float, floor: float) -> Tensor:
    """Return the mean of sg((d + floor)^−power) d, with d the mean squared error of each row (section 4.3, eq. 22)."""
    error = (prediction - target).square().mean((1, 2))
    return ((error.detach() + floor).pow(-power) * error).mean()
