"""What a coupled problem is, and the square that all are solved on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simplatform.errors import MissingDependency, SolverError

Floats = NDArray[np.float64]
Field = Callable[[Floats, Floats], Floats]
"""A function of x and y."""
RTOL, MAXITER = 1e-9, 100


@dataclass(frozen=True)
class Square:
    """The unit square, ``points`` × ``points`` vertices, two triangles a cell: its vertices are the grid of fields."""

    points: int

    @cached_property
    def mesh(self) -> Any:
        """The triangles, by scikit-fem."""
        ticks = np.linspace(0, 1, self.points)
        return skfem().MeshTri.init_tensor(ticks, ticks)

    @cached_property
    def p1(self) -> Any:
        """Piecewise linear functions."""
        return skfem().Basis(self.mesh, skfem().ElementTriP1(), intorder=4)

    @cached_property
    def edge(self) -> NDArray[np.int64]:
        """Vertices on the boundary."""
        found: NDArray[np.int64] = self.mesh.boundary_nodes()
        return found

    @cached_property
    def places(self) -> tuple[Floats, Floats]:
        """x and y of the vertices."""
        return self.mesh.p[0], self.mesh.p[1]

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        column, row = (np.rint(axis * (self.points - 1)).astype(int) for axis in self.places)
        order = np.empty((self.points, self.points), np.int64)
        order[column, row] = np.arange(self.points**2)
        return order

    def gridded(self, values: Floats) -> Floats:
        """Return values at vertices as a field ``(points, points)``, x first."""
        found: Floats = values[: self.points**2][self._order]
        return found

    def nodal(self, field: Floats) -> Floats:
        """Return a field as values at vertices."""
        out = np.empty(self.points**2)
        out[self._order] = field
        return out


class Coupled(ABC):
    """Fields that act on each other: ``given`` ones, which an episode draws, and those that are to be found."""

    name: ClassVar[str]
    given: ClassVar[tuple[str, ...]]
    found: ClassVar[tuple[str, ...]]
    frames: ClassVar[int] = 1
    """Frames after the first: 1 for a steady problem, whose first frame has zeros in place of what is to be found."""
    dt: ClassVar[float] = 1.0

    @abstractmethod
    def sample(self, random: np.random.Generator, square: Square) -> Floats:
        """Draw the given fields at the vertices, ``(given, V)``."""

    @abstractmethod
    def solve(self, square: Square, given: Floats, *, coupled: bool = True) -> Floats:
        """Return the found fields at the vertices, ``(frames + 1, found, V)``.

        Without ``coupled`` the action of one field back upon the other is left out: what a one-way solution has.

        Raises:
            SolverError: the iteration between the fields does not converge.
        """

    def truth(self, random: np.random.Generator, square: Square) -> Floats:
        """Return an episode ``(frames + 1, given + found, points, points)``; given fields stand in every frame."""
        given = self.sample(random, square)
        found = self.solve(square, given)
        whole = np.concatenate([np.broadcast_to(given, (len(found), *given.shape)), found], 1)
        return np.stack([np.stack([square.gridded(values) for values in frame]) for frame in whole])


def blobs(random: np.random.Generator, square: Square, count: int, low: float, high: float, width: float) -> Floats:
    """Return a sum of Gaussian blobs of heights in ``low`` … ``high`` at random places, at the vertices."""
    x, y = square.places
    out = np.zeros(len(x))
    for _ in range(count):
        a, b = random.uniform(0.2, 0.8, 2)
        out += random.uniform(low, high) * np.exp(-((x - a) ** 2 + (y - b) ** 2) / width**2)
    return out


def iterate(step: Callable[[Floats], Floats], start: Floats, what: str, relax: float = 1.0) -> Floats:
    """Return the fixed point of ``step``.

    Raises:
        SolverError: it is not reached.
    """
    state, change = start, np.inf
    for _ in range(MAXITER):
        following = (1 - relax) * state + relax * step(state)
        change = float(np.abs(following - state).max())
        state = following
        if not np.isfinite(change):
            break
        if change <= RTOL * max(float(np.abs(state).max()), 1e-300):
            return state
    raise SolverError(f"{what} still change by {change:.1e} after {MAXITER} iterations")


def skfem() -> Any:
    """Import scikit-fem.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        import skfem
    except ImportError as error:
        raise MissingDependency("coupled problems need scikit-fem: pip install 'simplatform[mesh]'") from error
    return skfem
