"""The step limiter: makes an inverted cell impossible.

Vertices of cells that would keep too little of their volume are slowed first, each by itself; what cannot be mended
locally is slowed everywhere. Every step is verified on the moved cells, of whatever kind, so that nothing rests on a
formula.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh, corner_volumes

ROUNDS = 30


@dataclass(frozen=True)
class Limited:
    """The displacement that is carried out, ``(V, d)``; the share of vertices slowed; the smallest factor used."""

    displacement: Floats
    share: float
    factor: float

    @property
    def active(self) -> bool:
        """Whether the limiter changed anything."""
        return self.factor < 1.0


def limit(mesh: Mesh, displacement: Floats, floor: float = 0.05) -> Limited:
    """Return the displacement, slowed where a cell would keep less than ``floor`` of its volume.

    Every corner of every cell of the result has a positive volume, whatever the displacement: non-finite entries do not
    move. Cells that start below the floor's reach are respected too (the floor is relative to each cell).

    Raises:
        ValueError: ``floor`` is not in (0, 1).
    """
    if not 0 < floor < 1:
        raise ValueError(f"floor must be in (0, 1), got {floor}")
    wanted = np.where(np.isfinite(displacement).all(axis=1, keepdims=True), displacement, 0.0)
    factors = np.where(np.isfinite(displacement).all(axis=1), 1.0, 0.0)
    factors = _local(mesh, wanted, factors, floor)
    scale = _line_search(mesh, wanted * factors[:, None], floor)
    final = factors * scale
    return Limited(wanted * final[:, None], float((final < 1.0).mean()), float(final.min()))


def _local(mesh: Mesh, wanted: Floats, factors: Floats, floor: float) -> Floats:
    for _ in range(ROUNDS):
        bad = _bad(mesh, wanted * factors[:, None], floor)
        if not bad.any():
            break
        touched = np.unique(mesh.cells[bad])
        factors = factors.copy()
        factors[touched] *= 0.7
    return factors


def _line_search(mesh: Mesh, displacement: Floats, floor: float) -> float:
    """Return the largest power of 0.7 (or 1, or 0) at which no cell is bad; each is verified, not assumed."""
    scale = 1.0
    for _ in range(ROUNDS):
        if not _bad(mesh, scale * displacement, floor).any():
            return scale
        scale *= 0.7
    return 0.0


def _bad(mesh: Mesh, displacement: Floats, floor: float) -> np.ndarray:
    before = mesh.corner_volumes
    after = corner_volumes(mesh.points + displacement, mesh.cells, mesh.kind)
    found: np.ndarray = np.any(np.sign(before) * after < floor * np.abs(before), axis=1)
    return found
