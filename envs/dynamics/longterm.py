"""Statistics of a long forecast, which chaos does not spoil: its power spectrum, where it dwells, how fast it forgets.

None of them asks where the state is at a time; a forecast that left the truth long ago may still be on the attractor.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import wasserstein_distance

from simplatform.envs.dynamics.systems.base import Array

SMOOTH = 20
"""Frequencies that spectra are averaged over, as Mikhaeil, Monfared and Durstewitz (2022) do."""
FAR = 1e3
"""A forecast this many times as far out as the truth ever is has left for good."""
LEAST = 100
"""Samples of a path that a spectrum is taken of, at least."""


def spectrum_distance(said: Array, truth: Array) -> float:
    """Return the Hellinger distance, 0 to 1, of smoothed power spectra of paths ``(T, d)``: the mean over components.

    A path that is not finite, or has left for good, is as far as can be: 1.
    """
    if lost(said, truth):
        return 1.0
    gaps = [_hellinger(_spectrum(a), _spectrum(b)) for a, b in zip(said.T, truth.T, strict=True)]
    return float(np.mean(gaps))


def measure_distance(said: Array, truth: Array) -> float:
    """Return the Wasserstein-1 distance of the components' distributions, in units of the truth's spread, at most 10.

    0.8 is what a path says that stays at the truth's mean, were that normally distributed.
    """
    if lost(said, truth):
        return 10.0
    pairs = zip(said.T, truth.T, strict=True)
    gaps = [wasserstein_distance(a, b) / max(float(b.std()), 1e-300) for a, b in pairs]
    return float(min(np.mean(gaps), 10.0))


def lost(said: Array, truth: Array) -> bool:
    """Return whether a path is not finite, or has left for good."""
    return not bool(np.isfinite(said).all()) or float(np.abs(said).max()) > FAR * float(np.abs(truth).max())


def _spectrum(values: Array) -> Array:
    """Return a smoothed power spectrum that sums to one; that of a constant is all at frequency zero."""
    power = np.abs(np.fft.rfft((values - values.mean()) * np.hanning(len(values)))) ** 2
    smooth = np.convolve(power, np.ones(SMOOTH) / SMOOTH, "same")
    if float(values.std()) <= 1e-9 * float(np.abs(values).max()):
        smooth = np.eye(1, len(smooth))[0]
    return np.asarray(smooth / smooth.sum(), float)


def _hellinger(p: Array, q: Array) -> float:
    return float(np.sqrt(max(0.0, 1 - float(np.sqrt(p * q).sum()))))
