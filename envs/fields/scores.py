"""How good a forecast of fields is: correlation, errors, spectra, and what the equation keeps.

Fields are ``(C, *points)`` or batches ``(..., C, *points)``, float64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TINY = 1e-300


def correlation(found: Array, truth: Array) -> float:
    """Return Pearson's correlation over space, the mean over channels; a constant correlates only with itself."""
    a, b = (_centred(x) for x in (found, truth))
    product = (a * b).sum(1)
    size = np.sqrt((a * a).sum(1) * (b * b).sum(1))
    same = (a == 0).all(1) & (b == 0).all(1)
    values = np.where(size > 0, product / np.maximum(size, TINY), same.astype(float))
    return float(values.mean())


def nrmse(found: Array, truth: Array) -> float:
    """Return ‖found − truth‖ / ‖truth‖, the mean over channels."""
    gap = np.square(_flat(found - truth)).mean(1)
    return float(_ratio(gap, np.square(_flat(truth)).mean(1)).mean())


def vrmse(found: Array, truth: Array) -> float:
    """Return the root mean square error in units of the truth's spatial spread, the mean over channels.

    1 is as good as the truth's own mean (The Well: Ohana et al., 2024, arXiv:2412.00568).
    """
    gap = np.square(_flat(found - truth)).mean(1)
    return float(_ratio(gap, np.square(_centred(truth)).mean(1)).mean())


def spectrum(field: Array) -> Array:
    """Return the energy per shell of wave numbers ``(C, shells)``: shell m holds the modes with round(|m|) = m."""
    axes = tuple(range(1, field.ndim))
    energy = np.abs(np.fft.fftn(field, axes=axes)) ** 2 / np.prod(field.shape[1:]) ** 2
    indices = [np.fft.fftfreq(n, 1 / n) for n in field.shape[1:]]
    shell = np.rint(np.sqrt(sum(m**2 for m in np.meshgrid(*indices, indexing="ij")))).astype(int).ravel()
    most = min(field.shape[1:]) // 2
    flat = energy.reshape(len(field), -1)
    return np.stack([np.bincount(shell, row, most + 1)[: most + 1] for row in flat])


def spectral_distance(found: Array, truth: Array, floor: float = 1e-10) -> float:
    """Return the mean of |log₁₀| of the ratio of two spectra ``(C, shells)``, over shells where the truth has more than
    ``floor`` of its energy; the mean (shell 0) is left out.
    """
    ours, theirs = found[:, 1:], truth[:, 1:]
    low = floor * theirs.sum(1, keepdims=True)
    seen = theirs > np.maximum(low, TINY)
    if not seen.any():
        return float("nan")
    ratio = np.log10(np.maximum(ours, low + TINY)[seen] / theirs[seen])
    return float(np.abs(ratio).mean())


def _flat(field: Array) -> Array:
    return field.reshape(len(field), -1)


def _centred(field: Array) -> Array:
    """Return fields less their means; of constants exactly 0, whatever rounding leaves of them."""
    flat = _flat(field)
    centred: Array = flat - flat.mean(1, keepdims=True)
    rounding = 1e-14 * np.abs(flat).max(1, keepdims=True)
    return np.where(np.abs(centred).max(1, keepdims=True) > rounding, centred, 0.0)


def _ratio(gap: Array, unit: Array) -> Array:
    """Return √(gap / unit); without a unit, 0 for no gap and infinity for any."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Array = np.sqrt(np.where(gap > 0, gap / unit, 0.0))
    return ratio
