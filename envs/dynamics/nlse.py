"""The focusing nonlinear Schrödinger equation i ψ_t + ½ ψ_xx + |ψ|² ψ = 0 on a periodic interval, and its theory.

Pseudo-spectral in space; in time DOP853 on the interaction picture v = exp(i k² t / 2) ψ̂, whose stiff part is exact.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from simplatform.errors import SolverError

Array = NDArray[np.float64]
Waves = NDArray[np.complex128]
RTOL, ATOL = 1e-13, 1e-14


def wave_numbers(points: int, length: float) -> Array:
    """Return the wave numbers of a complex transform, ``(points,)``."""
    return np.asarray(2 * np.pi * np.fft.fftfreq(points, length / points), np.float64)


def solve(start: Waves, times: Array, length: float, rtol: float = RTOL, atol: float = ATOL) -> Waves:
    """Return ψ ``(T, N)`` at increasing times from ``start (N,)`` at the first.

    Raises:
        SolverError: the integrator gave up; the time reached is named.
    """
    k = wave_numbers(len(start), length)
    rate = -0.5j * k**2

    def slope(t: float, v: Waves) -> Waves:
        turn = np.exp(rate * (t - times[0]))
        psi = np.fft.ifft(turn * v)
        found: Waves = 1j * np.fft.fft((psi.real**2 + psi.imag**2) * psi) / turn
        return found

    span = (float(times[0]), float(times[-1]))
    v0, scale = np.fft.fft(start), len(start)
    found = solve_ivp(slope, span, v0, "DOP853", times, rtol=rtol, atol=atol * scale, max_step=0.1)
    if not found.success or not np.isfinite(found.y).all():
        raise SolverError(f"nlse cannot be integrated beyond t = {found.t[-1]:.4g}: {found.message}")
    states: Waves = np.fft.ifft(found.y.T * np.exp(rate * (times - times[0])[:, None]), axis=1)
    return states


def interpolated(psi: Waves, finer: int) -> Waves:
    """Return a field ``(N,)`` on a grid ``finer`` times as fine, by its Fourier series: ``(N · finer,)``."""
    n = len(psi)
    spectrum = np.zeros(n * finer, complex)
    spectrum[: n // 2], spectrum[-n // 2 :] = (part := np.fft.fft(psi))[: n // 2], part[-n // 2 :]
    wave: Waves = np.fft.ifft(spectrum) * finer
    return wave


def mass(psi: Waves, length: float) -> Array:
    """Return M = ∫ |ψ|² dx of ``(..., N)``."""
    total: Array = (np.abs(psi) ** 2).mean(-1) * length
    return total


def momentum(psi: Waves, length: float) -> Array:
    """Return P = Im ∫ ψ* ψ_x dx."""
    total: Array = (psi.conj() * _derivative(psi, length)).imag.mean(-1) * length
    return total


def energy(psi: Waves, length: float) -> Array:
    """Return E = ∫ ½ |ψ_x|² − ½ |ψ|⁴ dx."""
    total: Array = (0.5 * np.abs(_derivative(psi, length)) ** 2 - 0.5 * np.abs(psi) ** 4).mean(-1) * length
    return total


def soliton(x: Array, t: float, amplitude: float, velocity: float, centre: float, phase: float, length: float) -> Waves:
    """Return A sech(A (x − x₀ − v t)) exp i [v (x − x₀) + ½ (A² − v²) t + φ], as it travels around the interval."""
    gap = x - centre
    here = (gap - velocity * t + length / 2) % length - length / 2
    turn = velocity * (here + velocity * t) + 0.5 * (amplitude**2 - velocity**2) * t + phase
    wave: Waves = amplitude / np.cosh(amplitude * here) * np.exp(1j * turn)
    return wave


def collision_shift(amplitude: float, other: float, relative_velocity: float) -> float:
    """Return by how much two solitons' collision moves the one of ``amplitude`` ahead (Zakharov & Shabat, 1972)."""
    square = relative_velocity**2
    return math.log((square + (amplitude + other) ** 2) / (square + (amplitude - other) ** 2)) / amplitude


def akhmediev(x: Array, t: float, a: float) -> Waves:
    """Return the Akhmediev breather of parameter 0 < a < ½ (Akhmediev & Korneev, 1986), of period 2π/Ω in x."""
    wave, growth = breather_wave_number(a), math.sqrt(8 * a * (1 - 2 * a))
    ripple = math.sqrt(2 * a) * np.cos(wave * x)
    top = (1 - 4 * a) * math.cosh(growth * t) + ripple + 1j * growth * math.sinh(growth * t)
    field: Waves = top / (ripple - math.cosh(growth * t)) * np.exp(1j * t)
    return field


def breather_wave_number(a: float) -> float:
    """Return Ω = 2 √(1 − 2a)."""
    return 2 * math.sqrt(1 - 2 * a)


def growth_rate(wave_number: float, amplitude: float = 1.0) -> float:
    """Return the rate K √(A² − K²/4) at which a plane wave's modulation of wave number K < 2A grows (Benjamin–Feir)."""
    return wave_number * math.sqrt(amplitude**2 - wave_number**2 / 4)


def _derivative(psi: Waves, length: float) -> Waves:
    slope: Waves = np.fft.ifft(1j * wave_numbers(psi.shape[-1], length) * np.fft.fft(psi))
    return slope
