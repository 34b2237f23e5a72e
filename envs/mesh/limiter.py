"""The step limiter: makes an inverted cell impossible.

Moving points from p to p + t·u, the signed area of a triangle is a quadratic in t (a cubic for a tetrahedron's
volume), so the first time at which a cell would shrink to a given fraction of its area is the root of a polynomial.
Vertices of cells that would invert are slowed first, each by itself; what cannot be mended locally is slowed
everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simplatform.envs.mesh.mesh import Floats, Mesh, corner_volumes

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
    return (np.sign(before) * after < floor * np.abs(before)).any(axis=1)


def largest_step(mesh: Mesh, displacement: Floats, floor: float = 0.0) -> float:
    """Return the largest t ≤ 1 up to which all cells of a 2-D mesh keep more than ``floor`` of their signed area.

    Exact: per corner, the smallest root in (0, 1] of area(t) − floor·area(0), a quadratic (specs of issue 3, section
    9).
    """
    a0 = corner_volumes(mesh.points, mesh.cells, mesh.kind)
    a1 = corner_volumes(mesh.points + displacement, mesh.cells, mesh.kind)
    a2 = corner_volumes(displacement, mesh.cells, mesh.kind)
    linear, constant = a1 - a0 - a2, (1 - floor) * a0
    return float(_first_root(np.sign(a0) * a2, np.sign(a0) * linear, np.sign(a0) * constant).min(initial=1.0))


def _first_root(a: Floats, b: Floats, c: Floats) -> Floats:
    """Return the smallest root in (0, 1] of a t² + b t + c with c > 0, or 1."""
    discriminant = b * b - 4 * a * c
    root = np.sqrt(np.maximum(discriminant, 0.0))
    q = -0.5 * (b + np.where(b >= 0, root, -root))
    with np.errstate(divide="ignore", invalid="ignore"):
        candidates = np.stack([q / a, c / q])
    good = (discriminant >= 0) & np.isfinite(candidates) & (candidates > 0) & (candidates <= 1)
    return np.where(good, candidates, 1.0).min(axis=0)
