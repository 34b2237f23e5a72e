"""Determinants, inverses and hat functions of many small simplices at once, in closed form: LAPACK is several times
slower on matrices of two and three rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def determinants(matrices: Floats) -> Floats:
    """Return the determinants of matrices ``(…, d, d)``, d up to 3."""
    m = np.moveaxis(np.asarray(matrices, float), (-2, -1), (0, 1))
    found: Floats
    if len(m) == 1:
        found = m[0, 0]
    elif len(m) == 2:
        found = m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]
    else:
        found = sum(m[0, i] * _cofactor(m, 0, i) for i in range(3))
    return found


def inverses(matrices: Floats) -> Floats:
    """Return the inverses of matrices ``(…, d, d)``, d up to 3; infinite or NaN where one is singular."""
    m = np.moveaxis(np.asarray(matrices, float), (-2, -1), (0, 1))
    rows = [[_cofactor(m, j, i) for j in range(len(m))] for i in range(len(m))]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.stack([np.stack(row, -1) for row in rows], -2) / determinants(matrices)[..., None, None]
    return found


def hat_gradients(corners: Floats) -> Floats:
    """Return the gradients of the linear hat functions of simplices ``(C, d + 1, d)``, in the same shape."""
    inverse = inverses((corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1))
    found: Floats = np.concatenate([-inverse.sum(1, keepdims=True), inverse], axis=1)
    return found


def _cofactor(m: Floats, row: int, column: int) -> Floats:
    if len(m) == 1:
        return np.ones_like(m[0, 0])
    a, b = ((row + k) % len(m) for k in (1, 2))
    c, d = ((column + k) % len(m) for k in (1, 2))
    if len(m) == 2:
        # Of the one entry that is left, with its sign.
        return np.asarray((-1) ** (row + column) * m[a, c], np.float64)
    return np.asarray(m[a, c] * m[b, d] - m[a, d] * m[b, c], np.float64)
