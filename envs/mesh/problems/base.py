"""What a PDE problem is to a mesh environment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from simplatform.envs.mesh.finite_elements.transfer import conservative
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.monitors import standard as monitors
from simplatform.errors import DataError


class Problem(ABC):
    """What all families say of themselves.

    ``parameters`` is a flat vector that determines the problem (the family's own layout), so that objectives in torch
    can rebuild it.
    """

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]] = ("triangle",)
    """Kinds of cells that the family can be solved on."""
    geometry: ClassVar[str] = "square"
    """Where it takes place unless somebody says otherwise: one of ``generators.GEOMETRIES``."""
    parameters: Floats
    devices: ClassVar[bool] = False
    """Whether the family can be solved on an accelerator."""
    device: str = "cpu"
    """Where it is solved."""

    @classmethod
    def check_domain(cls, mesh: Mesh) -> None:
        """Refuse meshes that the family means nothing on.

        Raises:
            DataError: cells of another kind, or another domain than the family's.
        """
        if mesh.kind not in cls.kinds:
            raise DataError(f"{cls.name} is solved on {' or '.join(cls.kinds)} cells, got a mesh of {mesh.kind} cells")


class SteadyProblem(Problem):
    """A boundary-value problem drawn from a family, with an exact solution or a fine-grid reference."""

    linear: ClassVar[bool] = False
    """Whether ``solve`` is one symmetric positive system, so that ``solver`` may be chosen."""
    solver: str = "auto"
    """The linear solver's name."""

    @classmethod
    @abstractmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> SteadyProblem:
        """Draw a problem for a domain inside the box ``low``…``high`` (m)."""

    @abstractmethod
    def solve(self, mesh: Mesh) -> Floats:
        """Return the finite-element solution, nodal values ``(V,)``.

        Raises:
            SolverError: the system is singular or an iteration does not converge.
        """

    @classmethod
    def solve_all(cls, problems: Sequence[Self], meshes: Sequence[Mesh]) -> list[Floats | None]:
        """Return solutions of problems of this family, each on its mesh, where they cost less together.

        None stands for one that solves itself: here, all.
        """
        return [None] * len(problems)

    @abstractmethod
    def error(self, mesh: Mesh, values: Floats) -> float:
        """Return the L2(Ω) error of nodal values."""

    def monitor(self, mesh: Mesh, values: Floats) -> Floats:
        """Return the family's usual monitor function, ``(V,)``."""
        return monitors.hessian(mesh, values)

    def quantities(self, mesh: Mesh) -> dict[str, float]:
        """Return errors of quantities of interest on a mesh that ``solve`` has seen, by name; usually none."""
        return {}

    def truth(self, points: Floats) -> Floats:
        """Return the exact or reference solution at points ``(N, 2)``, after ``solve``: ``(N,)``."""
        raise NotImplementedError


class UnsteadyProblem(Problem):
    """An initial-boundary-value problem; the mesh may move between ``intervals`` of equal length.

    A state is an array whose layout the problem chooses (nodal or cell-wise). Each mesh carries its own.
    """

    of_interest: ClassVar[tuple[str, ...]] = ()
    """Names of the quantities that ``quantities`` gives."""
    intervals: int
    prepared: bool = False
    """Whether ``prepare`` was called."""

    @classmethod
    @abstractmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> UnsteadyProblem:
        """Draw a problem for a domain inside the box ``low``…``high`` (m)."""

    def prepare(self, mesh: Mesh) -> None:
        """Compute what the error needs on the domain of ``mesh``: a fine-grid reference, unless a solution is known."""
        return

    @abstractmethod
    def initial(self, mesh: Mesh) -> Floats:
        """Return the state at time 0."""

    @abstractmethod
    def advance(self, mesh: Mesh, state: Floats, interval: int) -> Floats:
        """Return the state at the end of interval ``interval`` (from 0), given the one at its beginning.

        Raises:
            SolverError: an iteration does not converge.
        """

    @abstractmethod
    def error(self, mesh: Mesh, state: Floats, interval: int) -> float:
        """Return the L2 error at the end of an interval."""

    def nodal(self, mesh: Mesh, state: Floats) -> Floats:
        """Return the scalar that monitors and pictures look at, ``(V,)``."""
        return state if state.ndim == 1 else state[:, 0]

    def monitor(self, mesh: Mesh, state: Floats) -> Floats:
        """Return the family's usual monitor function, ``(V,)``."""
        return monitors.hessian(mesh, self.nodal(mesh, state))

    def transfer(self, old: Mesh, state: Floats, new: Mesh) -> Floats:
        """Return the state on another mesh of the same domain: conservative P1 interpolation."""
        return conservative(old, state, new)

    def truth(self, points: Floats, interval: int) -> Floats:
        """Return the exact or reference scalar at points ``(N, 2)`` at the end of an interval: ``(N,)``."""
        raise NotImplementedError

    def measured(self, mesh: Mesh, state: Floats, interval: int) -> tuple[Floats, Any]:
        """Advance by one interval; return the new state and what quantities of interest need of the interval."""
        return self.advance(mesh, state, interval), None

    def quantities(self, records: Sequence[Any]) -> dict[str, float]:
        """Return errors of quantities of interest from what ``measured`` gave for all intervals; usually none."""
        return {}
