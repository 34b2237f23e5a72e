"""Explicit Runge–Kutta methods from their Butcher tableau (Hairer, Nørsett & Wanner, Solving ODEs I, eq. II.1.8)."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from simplatform.solvers.base import Field, FixedStep


class ExplicitRungeKutta(FixedStep):
    """A method given by its tableau: ``a`` (rows below the diagonal), weights ``b``, nodes ``c``.

    One step costs ``len(b)`` evaluations of the field.
    """

    a: ClassVar[tuple[tuple[float, ...], ...]]
    b: ClassVar[tuple[float, ...]]
    c: ClassVar[tuple[float, ...]]

    def step(self, field: Field, t: Tensor, h: Tensor, x: Tensor) -> Tensor:
        """Return the state at ``t + h``."""
        slopes: list[Tensor] = []
        for row, node in zip(self.a, self.c, strict=True):
            slopes.append(field(t + node * h, _advance(x, h, row, slopes)))
        return _advance(x, h, self.b, slopes)


def _advance(x: Tensor, h: Tensor, weights: tuple[float, ...], slopes: list[Tensor]) -> Tensor:
    for weight, slope in zip(weights, slopes, strict=True):
        if weight:
            x = x + (h * weight) * slope
    return x
