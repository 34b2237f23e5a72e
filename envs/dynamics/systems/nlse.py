"""Four cases of the nonlinear Schrödinger equation: a soliton, two that collide, a breather, a modulated plane wave.

The state holds the real parts of ψ on the grid and then the imaginary parts; the truth is solved on a grid four times
as fine, because a collision needs more wave numbers than its samples show. Integrable: no Lyapunov exponent, so valid
times are in units of t.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from simplatform.envs.dynamics import nlse
from simplatform.envs.dynamics.systems.base import Array, System

POINTS, FINER = 128, 4
WAVE = nlse.breather_wave_number(0.25)
"""Wave number of the fastest growing modulation of a plane wave of amplitude 1."""
LONG, SHORT = 40.0, 4 * 2 * np.pi / WAVE


def _real(psi: nlse.Waves) -> Array:
    return np.concatenate([psi.real, psi.imag])


def _grid(length: float) -> Array:
    return length * (np.arange(POINTS) / POINTS - 0.5)


def _soliton(random: np.random.Generator) -> Array:
    amplitude, velocity = random.uniform(0.7, 1.3), random.uniform(-1, 1)
    centre, phase = random.uniform(-LONG / 2, LONG / 2), random.uniform(0, 2 * np.pi)
    return _real(nlse.soliton(_grid(LONG), 0.0, amplitude, velocity, centre, phase, LONG))


def _collision(random: np.random.Generator) -> Array:
    x, parts = _grid(LONG), []
    for side in (-1, 1):
        amplitude, velocity = random.uniform(0.7, 1.2), -side * random.uniform(0.5, 1.2)
        parts.append(nlse.soliton(x, 0.0, amplitude, velocity, 8.0 * side, random.uniform(0, 2 * np.pi), LONG))
    return _real(parts[0] + parts[1])


def _breather(random: np.random.Generator) -> Array:
    shift, phase, early = random.uniform(0, SHORT), random.uniform(0, 2 * np.pi), random.uniform(3, 5)
    return _real(nlse.akhmediev(_grid(SHORT) - shift, -early, 0.25) * np.exp(1j * phase))


def _modulation(random: np.random.Generator) -> Array:
    x, phase = _grid(SHORT), np.exp(1j * random.uniform(0, 2 * np.pi))
    ripple = random.uniform(0.01, 0.05) * np.cos(WAVE * x + random.uniform(0, 2 * np.pi))
    return _real(phase * (1 + ripple).astype(complex))


def _integrate(system: System, start: Array, times: Array, p: Mapping[str, float]) -> Array:
    psi = start[:POINTS] + 1j * start[POINTS:]
    states = nlse.solve(nlse.interpolated(psi, FINER), times, p["length"])[:, ::FINER]
    return np.concatenate([states.real, states.imag], axis=1)


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    psi = x[..., :POINTS] + 1j * x[..., POINTS:]
    k = nlse.wave_numbers(POINTS, p["length"])
    slope = np.fft.ifft(-0.5j * k**2 * np.fft.fft(psi)) + 1j * np.abs(psi) ** 2 * psi
    return np.concatenate([slope.real, slope.imag], axis=-1)


def _case(name: str, length: float, sample: Callable[[np.random.Generator], Array]) -> System:
    return System(
        name=f"nlse-{name}",
        dim=2 * POINTS,
        parameters={"length": length},
        rhs=_rhs,
        low=(-1.0,) * (2 * POINTS),
        high=(1.0,) * (2 * POINTS),
        burn_in=0.0,
        lyapunov=None,
        source="Zakharov, V. E. & Shabat, A. B. (1972). Sov. Phys. JETP 34, 62-69.",
        dt=0.05,
        sample=sample,
        integrate=_integrate,
        grid=(length, 2),
    )


NLSE = (
    _case("soliton", LONG, _soliton),
    _case("collision", LONG, _collision),
    _case("breather", SHORT, _breather),
    _case("modulation", SHORT, _modulation),
)
