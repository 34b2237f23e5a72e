"""Explicit Runge–Kutta methods from their Butcher tableau (Hairer, Nørsett & Wanner, Solving ODEs I, eq. II.1.8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
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
        """Return the state at ``t + h``; ``h`` may differ from row to row, if it broadcasts against ``x``."""
        moves: list[Tensor] = []
        for row, node in zip(self.a, self.c, strict=True):
            moves.append(h * field(t + node * h if node else t, add_up(x, row, moves)))
        return add_up(x, self.b, moves)


def add_up(x: Tensor, weights: Sequence[float], moves: Sequence[Tensor]) -> Tensor:
    """Return ``x`` plus the weighted moves ``h k_i``."""
    for weight, move in zip(weights, moves, strict=True):
        if weight:
            x = torch.add(x, move, alpha=weight)
    return x
