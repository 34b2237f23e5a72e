"""Periodic fields in one dimension: wave numbers, and exponential time differencing of fourth order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Spectrum = NDArray[np.complex128]
CONTOUR = 32
"""Points on the circle over which the coefficients are averaged, where their formulas cancel (Kassam & Trefethen)."""


def wave_numbers(points: int, length: float) -> Array:
    """Return the wave numbers of a real transform, ``(points/2 + 1,)``, in rad per unit of length."""
    return 2 * np.pi / length * np.arange(points // 2 + 1, dtype=np.float64)


class ETDRK4:
    """Steps ``dv/dt = L v + N(v)`` with a diagonal L by the scheme of Cox & Matthews (2002).

    Coefficients by the contour integrals of Kassam & Trefethen (2005), SIAM J. Sci. Comput. 26(4), 1214-1233.
    """

    def __init__(self, linear: Array | Spectrum, nonlinear: Callable[[Spectrum], Spectrum], step: float) -> None:
        """Prepare the coefficients for one step length."""
        circle = np.exp(1j * np.pi * (np.arange(CONTOUR) + 0.5) / (CONTOUR / 2))
        z = step * np.asarray(linear, complex)[:, None] + circle
        grown, half = np.exp(z), np.exp(z / 2)
        self._full, self._half = np.exp(step * linear), np.exp(step * linear / 2)
        self._q = step * ((half - 1) / z).mean(1)
        self._a = step * ((-4 - z + grown * (4 - 3 * z + z**2)) / z**3).mean(1)
        self._b = step * ((2 + z + grown * (z - 2)) / z**3).mean(1)
        self._c = step * ((-4 - 3 * z - z**2 + grown * (4 - z)) / z**3).mean(1)
        self._nonlinear = nonlinear

    def advance(self, v: Spectrum, steps: int) -> Spectrum:
        """Take a number of steps."""
        f = self._nonlinear
        for _ in range(steps):
            n = f(v)
            a = self._half * v + self._q * n
            na = f(a)
            b = self._half * v + self._q * na
            nb = f(b)
            nc = f(self._half * a + self._q * (2 * nb - n))
            v = self._full * v + self._a * n + 2 * self._b * (na + nb) + self._c * nc
        return v
