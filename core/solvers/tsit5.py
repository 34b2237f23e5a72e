"""Tsitouras' pair 5(4) (2011, Comput. Math. Appl. 62, 770–775): fixed steps with an error estimate, and adaptive ones.

Six evaluations a step: the seventh stage is the first of the next step.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from simplatform.solvers.base import AdaptiveStep, Field
from simplatform.solvers.runge_kutta import ExplicitRungeKutta, add_up

A: tuple[tuple[float, ...], ...] = (
    (),
    (0.161,),
    (-0.008480655492356989, 0.335480655492357),
    (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
    (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
    (5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383),
)
B = (0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774)
C = (0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0)
ERROR = (
    -0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995, -0.1447110071732629,
    0.5823571654525552, -0.45808210592918697, 1 / 66,
)  # fmt: skip
"""Weights of the fifth-order solution minus those of the fourth-order one, with the seventh stage."""


@dataclass(frozen=True)
class Step:
    """One step: where it ends, its error estimate ``(B, ...)``, and ``h f`` at its end divided by h (the next k1)."""

    x: Tensor
    error: Tensor
    slope: Tensor
    moves: tuple[Tensor, ...]


def tsit5_step(field: Field, t: Tensor, h: Tensor, x: Tensor, slope: Tensor | None = None) -> Step:
    """Advance from ``x`` by ``h`` and estimate the local error; differentiable in everything.

    ``slope`` is the field at ``(t, x)`` if known: then the step costs six evaluations, else seven.
    """
    moves = [h * (field(t, x) if slope is None else slope)]
    for row, node in zip(A[1:], C[1:], strict=True):
        moves.append(h * field(t + node * h, add_up(x, row, moves)))
    new = add_up(x, B, moves)
    last = field(t + h, new)
    moves.append(h * last)
    error = torch.stack([weight * move for weight, move in zip(ERROR, moves, strict=True)]).sum(0)
    return Step(new, error, last, tuple(moves))


def error_norm(error: Tensor, old: Tensor, new: Tensor, rtol: float, atol: float) -> Tensor:
    """Return the root mean square of the error in units of the tolerance (Hairer et al., eq. II.4.11), 0-d."""
    scale = atol + rtol * torch.maximum(old.abs(), new.abs())
    return (error / scale).square().mean().sqrt()


class Tsit5(ExplicitRungeKutta):
    """The fifth-order method of the pair, on fixed steps: six evaluations each."""

    order = 5
    a, b, c = A, B, C


class AdaptiveTsit5(AdaptiveStep):
    """Adaptive steps, one size for the whole batch, chosen by the embedded error; output by Tsitouras' interpolant.

    Requested times cost no evaluations of their own. Gradients go through the accepted steps (their sizes are
    constants). Where the step underflows or ``max_steps`` run out, all rows keep their last state and count as failed.
    """

    order = 5

    def __init__(self, rtol: float = 1e-6, atol: float = 1e-8, max_steps: int = 100_000) -> None:
        """Set the tolerances (see ``AdaptiveStep``)."""
        super().__init__(rtol, atol, max_steps)
        self.steps: list[float] = []
        """Sizes of the accepted steps of the last solve."""
        self.errors: list[Tensor] = []
        """Their error norms, 0-d and differentiable: what ERNODE penalises."""

    def _integrate(self, field: Field, x0: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        self.steps, self.errors = [], []
        sign = 1.0 if bool(times[-1] > times[0]) else -1.0
        t, x, slope = times[0], x0, field(times[0], x0)
        size = self._first_step(field, t, x, slope, sign)
        states, wanted = [x0], 1
        for _ in range(self.max_steps):
            size = min(size, abs(float(times[-1] - t)))
            if not size > 1e-14 * max(abs(float(t)), 1e-3):
                break
            h = t.new_tensor(sign * size)
            step = tsit5_step(field, t, h, x, slope)
            error = error_norm(step.error, x, step.x, self.rtol, self.atol)
            value = float(error.detach())
            if value <= 1.0:
                end = times[-1] if size >= abs(float(times[-1] - t)) else t + h
                while wanted < len(times) and sign * float(times[wanted] - end) <= 0:
                    states.append(interpolate(step, x, (times[wanted] - t) / h))
                    wanted += 1
                t, x, slope = end, step.x, step.slope
                self.steps.append(size)
                self.errors.append(error)
                if wanted == len(times):
                    break
            size *= _factor(value)
        ok = wanted == len(times)
        states += [x] * (len(times) - wanted)
        return torch.stack(states), torch.full((len(x0),), ok, device=x0.device)

    def _first_step(self, field: Field, t: Tensor, x: Tensor, slope: Tensor, sign: float) -> float:
        """Return a first step size (Hairer et al., II.4, "starting step size")."""
        with torch.no_grad():
            scale = self.atol + self.rtol * x.abs()
            d0, d1 = (float((v / scale).square().mean().sqrt()) for v in (x, slope))
            guess = 1e-6 if min(d0, d1) < 1e-5 else 0.01 * d0 / d1
            moved = field(t + sign * guess, x + sign * guess * slope)
            d2 = float(((moved - slope) / scale).square().mean().sqrt()) / guess
            most = max(d1, d2)
            other = max(1e-6, 1e-3 * guess) if most <= 1e-15 else (0.01 / most) ** (1 / 5)
            first = min(100 * guess, other)
            return first if first == first else guess


def _factor(error: float) -> float:
    """Return by what the step size changes; a non-finite error counts as far too large."""
    if not error < float("inf"):
        return 0.2
    value: float = min(10.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.2))
    return value


def interpolate(step: Step, x: Tensor, share: Tensor) -> Tensor:
    """Return the state at ``share`` in [0, 1] of a step from ``x``, to fourth order (Tsitouras, 2011, section 5)."""
    s = float(share)
    if s == 1.0:
        return step.x
    q = s * s
    weights = (
        -1.0530884977290216 * s * (s - 1.3299890189751412) * (q - 1.4364028541716351 * s + 0.7139816917074209),
        0.1017 * q * (q - 2.1966568338249754 * s + 1.2949852507374631),
        2.490627285651252793 * q * (q - 2.38535645472061657 * s + 1.57803468208092486),
        -16.54810288924490272 * (s - 1.21712927295533244) * (s - 0.61620406037800089) * q,
        47.37952196281928122 * (s - 1.203071208372362603) * (s - 0.658047292653547382) * q,
        -34.87065786149660974 * (s - 1.2) * (s - 0.666666666666666667) * q,
        2.5 * (s - 1) * (s - 0.6) * q,
    )
    return add_up(x, weights, step.moves)
