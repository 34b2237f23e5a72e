"""What an answer leaves of the equations and of the conditions: by differences of fourth order, from values alone.

The points of narrow stencils, 1/500 of the box from one to the next, are asked for beside all others; so the same
number is taken of every method, an exact solution included, and no truth is needed. Of finite elements it is the
strong residual within cells, which falls more slowly than their error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from simplatform.envs.meshfree.jets import Jet
from simplatform.envs.meshfree.pde import Floats, Pde, Residual

WIDTH = 5
"""Points of a stencil along an axis."""
STEP = 1 / 500
INSIDE, FACE = 128, 32
"""Places at which residuals are taken, and places on each face."""


class Probes:
    """Points ``(S, d)`` of stencils inside and on faces, and what is left there."""

    points: Floats

    def __init__(self, pde: Pde) -> None:
        self.pde, self._blocks = pde, list[Floats]()
        self._step = (pde.high - pde.low) * STEP
        spread = qmc.Halton(pde.dim, scramble=False)
        unit = spread.random(INSIDE + 1)[1:]
        self._inside = self._held(pde.residual, pde.low + (pde.high - pde.low) * unit)
        self._faces = []
        for one in pde.conditions:
            ends = (one.end, 1 - one.end) if one.pair else (one.end,)
            self._faces.append([self._held(one.residual, self._face(one.axis, end, unit[:FACE])) for end in ends])
        self.points = np.concatenate(self._blocks)

    def residual(self, answer: Floats, parameters: Floats) -> float:
        """Return the residual in units of its terms, of the worst equation; both root mean squares.

        A term is what the residual changes by where one jet is left out; the source is what is left without any.
        """
        jets = self.pde.residual.jets
        whole, source = (self._inside(answer, parameters, without) for without in ((), jets))
        terms = [source, *(whole - self._inside(answer, parameters, (jet,)) for jet in jets)]
        size = np.sqrt(np.square(terms).mean(1).max(0))
        return float(np.max(np.sqrt(np.square(whole).mean(0)) / np.maximum(size, 1e-300)))

    def sides(self, answer: Floats, parameters: Floats) -> float:
        """Return the worst condition on sides and at the start, in units of the answer; both root mean squares."""
        size = float(np.sqrt(np.square(answer).mean()))
        found = [np.subtract(*two) if len(two) == 2 else two[0]
                 for two in ([held(answer, parameters, ()) for held in one] for one in self._faces)]  # fmt: skip
        return max((float(np.sqrt(np.square(one).mean())) for one in found), default=0.0) / max(size, 1e-300)

    def _face(self, axis: int, end: int, unit: Floats) -> Floats:
        places: Floats = self.pde.low + (self.pde.high - self.pde.low) * unit
        places[:, axis] = (self.pde.low, self.pde.high)[end][axis]
        return places

    def _held(self, equation: Residual, places: Floats) -> Callable[[Floats, Floats, Sequence[Jet]], Floats]:
        """Place the stencils that an equation needs; returns its residual ``(N, E)``, some jets left out."""
        needed = sorted({tuple(sorted(set(index))) for _, index in equation.jets})
        rules = {axes: self._stencil(places, axes) for axes in needed}

        def left(answer: Floats, parameters: Floats, without: Sequence[Jet]) -> Floats:
            at = {jet: self._value(jet, rules, answer) * (jet not in without) for jet in equation.jets}
            return np.asarray(equation(places, at, parameters), float)

        return left

    def _stencil(self, places: Floats, axes: tuple[int, ...]) -> tuple[int, NDArray[np.int64]]:
        """Add the points of a stencil along some axes at all places; returns its first row, and where it begins."""
        low, high = (np.round((bound - places) / self._step, 6) for bound in (self.pde.low, self.pde.high))
        begin = np.clip(-(WIDTH // 2), np.ceil(low), np.floor(high) - WIDTH + 1).astype(int)
        first = sum(len(block) for block in self._blocks)
        for offsets in product(range(WIDTH), repeat=len(axes)):
            moved = places.copy()
            for axis, offset in zip(axes, offsets, strict=True):
                moved[:, axis] += (begin[:, axis] + offset) * self._step[axis]
            self._blocks.append(np.clip(moved, self.pde.low, self.pde.high))
        return first, begin

    def _value(self, jet: Jet, rules: Mapping[Any, Any], answer: Floats) -> Floats:
        """Return a jet ``(N,)``."""
        unknown, index = jet
        axes = tuple(sorted(set(index)))
        first, begin = rules[axes]
        count = len(begin)
        found = answer[first : first + WIDTH ** len(axes) * count, unknown].reshape(*(WIDTH,) * len(axes), count)
        for axis in axes:
            order = index.count(axis)
            rule = np.stack([weights(-int(place), order) for place in begin[:, axis]], 1) / self._step[axis] ** order
            found = (found * rule.reshape(WIDTH, *(1,) * (found.ndim - 2), count)).sum(0)
        return found


@lru_cache(maxsize=64)
def weights(place: float, order: int) -> Floats:
    """Return the weights ``(WIDTH,)`` of points 0, 1, … whose sum is a derivative at ``place``, exact for quartics."""
    gap = np.arange(WIDTH) - place
    powers = np.stack([gap**k / math.factorial(k) for k in range(WIDTH)])
    found: Floats = np.linalg.solve(powers, np.eye(WIDTH)[order])
    return found
