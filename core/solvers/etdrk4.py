"""ETDRK4: semi-linear equations ``dv/dt = L v + N(v)`` with a diagonal L, whose stiff part is exact.

The scheme is Cox & Matthews's (2002, J. Comput. Phys. 176, 430-455), fourth order in the step; its coefficients are
averages over a circle around each ``h L``, where their closed forms cancel (Kassam & Trefethen, 2005, SIAM J. Sci.
Comput. 26, 1214-1233). It is a method for spectra, whose L differentiates, and no ``ODESolver``: it needs L apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from simplatform.errors import SolverError

CIRCLE = 32
"""Points on the circle over which coefficients are averaged."""

Nonlinear = Callable[[Tensor], Tensor]
"""``N(v)``: spectrum in, spectrum out, of the same shape."""


class ETDRK4:
    """Steps of one length; any batch, any device, differentiable.

    Not for L that is no diagonal, and not for steps that change: coefficients belong to one step.
    """

    order = 4

    def __init__(self, linear: Tensor, step: float | Tensor, dtype: torch.dtype = torch.float64) -> None:
        """Prepare the coefficients.

        Args:
            linear: the diagonal of L, real or complex double, of a shape that broadcasts against spectra.
            step: its length; a tensor, such as ``(B, 1, 1)``, for rows that differ.
            dtype: of coefficients, which are made in double: float32 or float64, where states may be real; their
                complex counterparts for spectra, whose products then convert nothing.

        Raises:
            SolverError: the step is not a positive number, or L is not in double.
        """
        length = torch.as_tensor(step, dtype=torch.float64, device=linear.device)
        if not bool((length > 0).all() & torch.isfinite(length).all()):
            raise SolverError(f"the step of ETDRK4 must be a positive number, got {step}")
        if linear.dtype not in (torch.float64, torch.complex128):
            raise SolverError(f"ETDRK4 wants L in double, to make its coefficients, got {linear.dtype}")
        z = linear * length
        self.full, self.half = _cast(z.exp(), dtype), _cast((z / 2).exp(), dtype)
        q, a, b, c = _averages(z)
        self.q, self.a, self.b, self.c = (_cast(length * value, dtype) for value in (q, a, 2 * b, c))
        self.q2 = 2 * self.q

    def step(self, v: Tensor, nonlinear: Nonlinear) -> Tensor:
        """Return the spectrum one step later."""
        first = nonlinear(v)
        grown = self.half * v
        a = torch.addcmul(grown, self.q, first)
        second = nonlinear(a)
        third = nonlinear(torch.addcmul(grown, self.q, second))
        fourth = nonlinear(torch.addcmul(torch.addcmul(self.half * a, self.q2, third), self.q, first, value=-1))
        v = torch.addcmul(self.full * v, self.a, first)
        return torch.addcmul(torch.addcmul(v, self.b, second + third), self.c, fourth)

    def advance(self, v: Tensor, steps: int, nonlinear: Nonlinear) -> Tensor:
        """Return the spectrum ``steps`` steps later."""
        for _ in range(steps):
            v = self.step(v, nonlinear)
        return v


def _averages(z: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the coefficients over the step of ``q``, and of the first, the middle and the last evaluation."""
    sums = [torch.zeros_like(z, dtype=torch.complex128) for _ in range(4)]
    for index in range(CIRCLE):
        angle = math.pi * (index + 0.5) / (CIRCLE / 2)
        point = z + complex(math.cos(angle), math.sin(angle))
        grown, cube = point.exp(), point**3
        sums[0] += ((point / 2).exp() - 1) / point
        sums[1] += (-4 - point + grown * (4 - 3 * point + point**2)) / cube
        sums[2] += (2 + point + grown * (point - 2)) / cube
        sums[3] += (-4 - 3 * point - point**2 + grown * (4 - point)) / cube
    means = [value / CIRCLE for value in sums]
    q, a, b, c = means if z.is_complex() else [value.real for value in means]
    return q, a, b, c


def _cast(value: Tensor, dtype: torch.dtype) -> Tensor:
    return value.to(dtype.to_complex() if value.is_complex() else dtype)
