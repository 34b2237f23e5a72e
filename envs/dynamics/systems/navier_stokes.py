"""Two-dimensional incompressible flow as vorticity on the periodic unit square, 32 × 32 points, under a steady force.

``w_t + u · ∇w = ν ∇²w + f``, f = 0.1 (sin 2π(x + y) + cos 2π(x + y)), as in Li et al. (2021, arXiv:2010.08895) and
CoDA. Pseudo-spectral with the 2/3 rule; trajectories start from random fields N(0, 7^{3/2} (−Δ + 49)^{−5/2}).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simplatform.envs.dynamics.systems.base import Array, System

SIDE = 32
_K = 2 * np.pi * np.fft.fftfreq(SIDE, 1 / SIDE)
KX, KY = np.meshgrid(_K, _K[: SIDE // 2 + 1], indexing="ij")
SQUARE = KX**2 + KY**2
KEEP = (np.abs(KX) < 2 * np.pi * SIDE / 3) & (np.abs(KY) < 2 * np.pi * SIDE / 3)
INVERSE = np.divide(1.0, SQUARE, out=np.zeros_like(SQUARE), where=SQUARE > 0)


def _force() -> Array:
    x, y = np.meshgrid(*[np.arange(SIDE) / SIDE] * 2, indexing="ij")
    force: Array = 0.1 * (np.sin(2 * np.pi * (x + y)) + np.cos(2 * np.pi * (x + y)))
    return force


FORCE = _force()


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    w = x.reshape(*x.shape[:-1], SIDE, SIDE)
    spectrum = np.fft.rfft2(w)
    kept = spectrum * KEEP
    stream = kept * INVERSE
    parts = (1j * KY * stream, -1j * KX * stream, 1j * KX * kept, 1j * KY * kept)
    u, v, wx, wy = (np.fft.irfft2(part, (SIDE, SIDE)) for part in parts)
    transport = np.fft.irfft2(KEEP * np.fft.rfft2(u * wx + v * wy), (SIDE, SIDE))
    slope: Array = np.fft.irfft2(-p["nu"] * SQUARE * spectrum, (SIDE, SIDE)) - transport + FORCE
    return slope.reshape(x.shape)


def velocity(w: Array) -> tuple[Array, Array]:
    """Return the two components of the velocity of a vorticity field ``(…, 32, 32)``."""
    stream = np.fft.rfft2(w) * INVERSE
    return np.fft.irfft2(1j * KY * stream, (SIDE, SIDE)), np.fft.irfft2(-1j * KX * stream, (SIDE, SIDE))


def _random_field(random: np.random.Generator) -> Array:
    """Draw from N(0, 7^{3/2} (−Δ + 49)^{−5/2}), of mean zero."""
    noise = np.fft.rfft2(random.standard_normal((SIDE, SIDE))) * SIDE  # unit variance per mode of the unit square
    size = 7**0.75 * (SQUARE + 49) ** -1.25
    size[0, 0] = 0.0
    return np.fft.irfft2(noise * size, (SIDE, SIDE)).ravel()


NAVIER_STOKES = System(
    name="navier-stokes",
    dim=SIDE * SIDE,
    parameters={"nu": 1e-3},
    rhs=_rhs,
    low=(-1.0,) * (SIDE * SIDE),
    high=(1.0,) * (SIDE * SIDE),
    burn_in=0.0,
    lyapunov=None,
    source="Li, Z. et al. (2021). Fourier neural operator for parametric partial differential equations. ICLR.",
    dt=1.0,
    sample=_random_field,
    shape=(1, SIDE, SIDE),
)
