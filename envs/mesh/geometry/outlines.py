"""Outlines of the plane geometries, by name: closed polygons and the edge length that n vertices across ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats

Loop = Floats
"""A closed polygon, ``(K, 2)``, without repeating the first corner."""

SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])


@dataclass(frozen=True)
class Outline:
    """Closed polygons (even-odd rule: later ones can be holes) and an edge length h in m."""

    loops: tuple[Loop, ...]
    h: float


def square(n: int, seed: int = 0) -> Outline:
    """Return the unit square, n vertices per side; ``seed`` is not used."""
    return Outline((SQUARE,), 1.0001 / (n - 1))


def l_shape(n: int, seed: int = 0) -> Outline:
    """Return the unit square without its upper right quarter, about n vertices per long side; ``seed`` is not used."""
    return Outline((np.array([[0, 0], [1, 0], [1, 0.5], [0.5, 0.5], [0.5, 1], [0, 1.0]]),), 1.0001 / (n - 1))


def disc(n: int, seed: int = 0) -> Outline:
    """Return a regular polygon on the circle of radius ½ around (½, ½), n vertices across; ``seed`` is not used."""
    angles = 2 * np.pi * np.arange(int(np.pi * n)) / int(np.pi * n)
    return Outline((0.5 + 0.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1),), 1.01 / (n - 1))


def random_polygon(n: int, seed: int = 0) -> Outline:
    """Return a random convex polygon with corners on the sides of the unit square (spec of UM2N, section 2).

    Each side holds one corner at ½ ± ⅓ or, with probability 0.3, two at ¼ ± ⅛ and ¾ ± ⅛.
    """
    rng = np.random.default_rng(seed)
    corners = [_on_side(side, position) for side in range(4) for position in _corner_positions(rng)]
    return Outline((np.array(corners),), 1.0001 / (n - 1))


def holed(n: int, seed: int = 0) -> Outline:
    """Return the unit square with a square hole of side 0.3 in the middle; ``seed`` is not used."""
    return Outline((SQUARE, 0.35 + 0.3 * SQUARE[::-1]), 1.0001 / (n - 1))


def coastline(n: int, seed: int = 0) -> Outline:
    """Return a basin with an irregular, non-convex shore inside the unit square, about n vertices across.

    The shore is r(θ) = 0.34·(1 + Σ_k a_k cos(kθ + φ_k)) around (½, ½), |a_k| ≤ 0.22/k for k = 2…6: a made-up coast.
    """
    rng = np.random.default_rng(seed)
    theta = 2 * np.pi * np.arange(2 * n) / (2 * n)
    waves = [rng.uniform(-0.22, 0.22) / k * np.cos(k * theta + rng.uniform(0, 2 * np.pi)) for k in range(2, 7)]
    radius = 0.34 * (1 + np.sum(waves, axis=0))
    return Outline((0.5 + radius[:, None] * np.stack([np.cos(theta), np.sin(theta)], axis=1),), 1.0 / (n - 1))


OUTLINES: dict[str, Callable[[int, int], Outline]] = {
    "square": square,
    "l-shape": l_shape,
    "disc": disc,
    "polygon": random_polygon,
    "hole": holed,
    "coastline": coastline,
}
"""Outlines by name: each a function of (n, seed)."""


def _corner_positions(rng: np.random.Generator) -> list[float]:
    if rng.uniform() < 0.3:
        return [0.25 + rng.uniform(-1, 1) / 8, 0.75 + rng.uniform(-1, 1) / 8]
    return [0.5 + rng.uniform(-1, 1) / 3]


def _on_side(side: int, s: float) -> tuple[float, float]:
    return ((s, 0.0), (1.0, s), (1.0 - s, 1.0), (0.0, 1.0 - s))[side]
