"""The Kuramoto–Sivashinsky equation u_t = −u u_x − u_xx − u_xxxx on a periodic interval of length 22.

Pseudo-spectral in space with the 2/3 rule, ETDRK4 in time (Kassam & Trefethen, 2005).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simplatform.envs.dynamics.spectral import ETDRK4, Spectrum, wave_numbers
from simplatform.envs.dynamics.systems.base import Array, System
from simplatform.errors import SolverError

LENGTH, POINTS = 22.0, 64
STEP = 0.05
"""Longest step of the integrator."""


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    k, keep = _modes(x.shape[-1], p["length"])
    v = np.fft.rfft(x)
    return np.fft.irfft((k**2 - k**4) * v + _transport(v, k, keep), x.shape[-1])


def solve(start: Array, times: Array, length: float = LENGTH, step: float = STEP) -> Array:
    """Return the fields ``(T, N)`` at increasing times, the first of which is that of ``start (N,)``.

    Raises:
        SolverError: the field left the finite numbers.
    """
    k, keep = _modes(len(start), length)
    v, states = np.fft.rfft(start), [start]
    steppers: dict[tuple[float, int], ETDRK4] = {}
    for gap in np.diff(times):
        steps = max(int(np.ceil(gap / step - 1e-9)), 1)
        key = (round(float(gap), 12), steps)
        if key not in steppers:
            steppers[key] = ETDRK4(k**2 - k**4, lambda v: _transport(v, k, keep), float(gap) / steps)
        v = steppers[key].advance(v, steps)
        states.append(np.fft.irfft(v, len(start)))
    found = np.stack(states)
    if not np.isfinite(found).all():
        raise SolverError(f"kuramoto-sivashinsky blew up within {times[-1]:g} time units; take a smaller step")
    return found


def _modes(points: int, length: float) -> tuple[Array, Array]:
    k = wave_numbers(points, length)
    return k, (np.arange(len(k)) <= points / 3).astype(float)


def _transport(v: Spectrum, k: Array, keep: Array) -> Spectrum:
    """Return the transform of −u u_x, the part that aliases removed."""
    u = np.fft.irfft(v * keep)
    product: Spectrum = -0.5j * k * keep * np.fft.rfft(u * u)
    return product


def _smooth(random: np.random.Generator) -> Array:
    x = LENGTH * np.arange(POINTS) / POINTS
    return sum(
        random.normal() * np.cos(2 * np.pi * m * x / LENGTH + 2 * np.pi * random.random()) for m in range(1, 5)
    ) + np.zeros(POINTS)


def _integrate(system: System, start: Array, times: Array, p: Mapping[str, float]) -> Array:
    return solve(start, times, p["length"])


KURAMOTO_SIVASHINSKY = System(
    name="kuramoto-sivashinsky",
    dim=POINTS,
    parameters={"length": LENGTH},
    rhs=_rhs,
    low=(-1.0,) * POINTS,
    high=(1.0,) * POINTS,
    burn_in=150.0,
    lyapunov=0.043,  # Edson et al. (2019), ANZIAM J. 61, 270-285, at length 22
    source="Edson, R. A. et al. (2019). Lyapunov exponents of the Kuramoto-Sivashinsky PDE. ANZIAM J. 61, 270-285.",
    dt=0.25,
    sample=_smooth,
    integrate=_integrate,
    grid=(LENGTH, 1),
)
