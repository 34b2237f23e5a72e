"""Runge–Kutta–Chebyshev: a second-order explicit method whose stability grows with the square of its stages.

For fields that diffuse: with s stages, eigenvalues on the negative real axis down to about −0.65 s² / h are stable;
classical methods gain only in proportion to their stages. Not for advection: the imaginary axis is hardly covered.
"""

from __future__ import annotations

import torch
from torch import Tensor

from simplatform.errors import SolverError
from simplatform.solvers.base import Field, FixedStep

DAMPING = 2 / 13
"""How far the stability polynomial stays below one inside its range (Sommeijer et al., 1998)."""


class RKC(FixedStep):
    """RKC2 of van der Houwen & Sommeijer (1980), coefficients of Sommeijer, Shampine & Verwer (1998, eq. 2.4–2.6).

    One step costs ``stages`` evaluations; it is stable for real eigenvalues within ``reach / h``.
    """

    order = 2

    def __init__(self, substeps: int = 1, stages: int = 4) -> None:
        """Prepare the coefficients.

        Raises:
            SolverError: fewer than two stages, or no step.
        """
        super().__init__(substeps)
        if stages < 2:
            raise SolverError(f"RKC needs at least 2 stages, got {stages}")
        self.stages = stages
        w0 = 1 + DAMPING / stages**2
        values, slopes, bends = chebyshev(stages, w0)
        self._w0, self._w1 = w0, slopes[-1] / bends[-1]
        b = [bend / slope**2 for slope, bend in zip(slopes[2:], bends[2:], strict=True)]
        self._b = [b[0], b[0], *b]
        self._a = [1 - weight * value for weight, value in zip(self._b, values, strict=True)]

    @property
    def reach(self) -> float:
        """How far on the negative real axis ``h λ`` is stable: ``(w0 + 1) / w1``, the start of the damped range."""
        return (self._w0 + 1) / self._w1

    def step(self, field: Field, t: Tensor, h: Tensor, x: Tensor) -> Tensor:
        """Return the state at ``t + h``; ``h`` may differ from row to row, if it broadcasts against ``x``."""
        a, b = self._a, self._b
        slope = h * field(t, x)
        first, c_first, c_before = b[1] * self._w1, b[1] * self._w1, 0.0
        before, now = x, torch.add(x, slope, alpha=first)
        for j in range(2, self.stages + 1):
            mu, nu = 2 * b[j] * self._w0 / b[j - 1], -b[j] / b[j - 2]
            move = 2 * b[j] * self._w1 / b[j - 1]
            found = mu * now + nu * before + (1 - mu - nu) * x
            found = torch.add(found, h * field(t + c_first * h, now), alpha=move)
            found = torch.add(found, slope, alpha=-a[j - 1] * move)
            c_first, c_before = mu * c_first + nu * c_before + move * (1 - a[j - 1]), c_first
            before, now = now, found
        return now


def chebyshev(degree: int, x: float) -> tuple[list[float], list[float], list[float]]:
    """Return ``T_j(x)`` and its first and second derivatives for j up to ``degree``."""
    values, slopes, bends = [1.0, x], [0.0, 1.0], [0.0, 0.0]
    for _ in range(2, degree + 1):
        bends.append(4 * slopes[-1] + 2 * x * bends[-1] - bends[-2])
        slopes.append(2 * values[-1] + 2 * x * slopes[-1] - slopes[-2])
        values.append(2 * x * values[-1] - values[-2])
    return values, slopes, bends
