"""A problem on a mesh that moves: one solve for steady problems, interval after interval for unsteady ones."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from simplatform.envs.mesh.finite_elements.fem import basis
from simplatform.envs.mesh.geometry.location import interpolant
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.geometry.validity import tangled_cells
from simplatform.envs.mesh.monitors.standard import Monitor
from simplatform.envs.mesh.problems.base import Problem, SteadyProblem, UnsteadyProblem
from simplatform.errors import SolverError


class Case(ABC):
    """What the environment asks of a problem. ``error_original`` and ``error_moved`` are those of the last move."""

    problem: Problem
    mesh: Mesh
    moved: Mesh
    error_original: float
    error_moved: float = math.nan
    quantities: Mapping[str, tuple[float, float]] = MappingProxyType({})
    """Errors of the problem's quantities of interest on the original and on the moved mesh, by name."""

    @property
    @abstractmethod
    def solution(self) -> Floats:
        """Nodal values on the original mesh, ``(V,)``."""

    @property
    @abstractmethod
    def moved_solution(self) -> Floats:
        """Nodal values on the moved mesh, ``(V,)``."""

    @abstractmethod
    def observed(self) -> Floats:
        """Return the monitor at the vertices of the original mesh, ``(V,)``: what a mover sees."""

    @abstractmethod
    def monitor_at(self, mesh: Mesh) -> Floats:
        """Return the monitor at the vertices of any mesh: what an expert may ask."""

    @abstractmethod
    def truth(self, points: Floats) -> Floats:
        """Return the exact or reference solution at points ``(N, 2)``, at the time of ``solution``: ``(N,)``."""

    def error_field(self, *, moved: bool) -> Floats:
        """Return the root mean square over each cell of nodal solution minus truth, ``(C,)``."""
        mesh, values = (self.moved, self.moved_solution) if moved else (self.mesh, self.solution)
        space = basis(mesh, 6)
        places = np.moveaxis(np.asarray(space.global_coordinates()), 0, -1)
        truth = self.truth(places.reshape(-1, mesh.dim)).reshape(places.shape[:2])
        squares = (np.asarray(space.interpolate(values)) - truth) ** 2 * space.dx
        found: Floats = np.sqrt(squares.sum(axis=1) / np.abs(mesh.volumes))
        return found

    @abstractmethod
    def move(self, mesh: Mesh, solution: Floats | None = None) -> bool:
        """Solve on a moved mesh, set both errors (NaN where that failed), and return whether it is the end.

        A ``solution`` there that is known already is taken; problems in time know none.
        """


class SteadyCase(Case):
    """One move, one solve."""

    problem: SteadyProblem

    def __init__(
        self, problem: SteadyProblem, mesh: Mesh, monitor: Monitor | None, solution: Floats | None = None
    ) -> None:
        """Solve on the original mesh, if no ``solution`` is given. ``monitor`` overrides the problem's own."""
        self.problem, self.mesh, self.moved = problem, mesh, mesh
        self._monitor = monitor or problem.monitor
        self._solution = self._moved_solution = problem.solve(mesh) if solution is None else solution
        self.error_original = problem.error(mesh, self._solution)
        self._of_interest = problem.quantities(mesh)
        self.quantities = {name: (value, math.nan) for name, value in self._of_interest.items()}

    @property
    def solution(self) -> Floats:
        """Nodal values on the original mesh."""
        return self._solution

    @property
    def moved_solution(self) -> Floats:
        """Nodal values on the moved mesh."""
        return self._moved_solution

    def observed(self) -> Floats:
        """Return the monitor of the solution on the original mesh."""
        return self._monitor(self.mesh, self._solution)

    def monitor_at(self, mesh: Mesh) -> Floats:
        """Solve on the given mesh and return the monitor there."""
        return self._monitor(mesh, self.problem.solve(mesh))

    def truth(self, points: Floats) -> Floats:
        """Return the problem's exact or reference solution."""
        return self.problem.truth(points)

    def move(self, mesh: Mesh, solution: Floats | None = None) -> bool:
        """Solve on the moved mesh, or on one with other cells."""
        self.moved, self.error_moved = mesh, math.nan
        if not len(tangled_cells(mesh, self.mesh if len(mesh.cells) == len(self.mesh.cells) else None)):
            try:
                self._moved_solution = self.problem.solve(mesh) if solution is None else solution
                self.error_moved = self.problem.error(mesh, self._moved_solution)
                after = self.problem.quantities(mesh)
                self.quantities = {name: (value, after[name]) for name, value in self._of_interest.items()}
            except SolverError:
                pass
        return True


class UnsteadyCase(Case):
    """The same problem in time on a mesh that stays and on one that moves between intervals.

    Errors are means over the intervals so far, so that the last ones speak for the whole span.
    """

    problem: UnsteadyProblem

    def __init__(self, problem: UnsteadyProblem, mesh: Mesh, monitor: Monitor | None) -> None:
        """Start both simulations. ``monitor`` overrides the problem's own and sees the problem's nodal scalar."""
        self.problem, self.mesh, self.moved = problem, mesh, mesh
        self._override = monitor
        self._state = self._moved_state = problem.initial(mesh)
        self.interval = 0
        self.quantities = dict.fromkeys(problem.of_interest, (math.nan, math.nan))
        self._errors: list[tuple[float, float]] = []
        self._records: list[tuple[Any, Any]] = []
        self.error_original = math.nan

    @property
    def solution(self) -> Floats:
        """The scalar of interest on the original mesh."""
        return self.problem.nodal(self.mesh, self._state)

    @property
    def moved_solution(self) -> Floats:
        """The scalar of interest on the moved mesh."""
        return self.problem.nodal(self.moved, self._moved_state)

    def observed(self) -> Floats:
        """Return the monitor of the solution so far, interpolated to the original vertices."""
        return self.monitor_at(self.mesh)

    def monitor_at(self, mesh: Mesh) -> Floats:
        """Return the monitor of the solution so far, interpolated to the vertices of the given mesh."""
        if self._override is None:
            values = self.problem.monitor(self.moved, self._moved_state)
        else:
            values = self._override(self.moved, self.moved_solution)
        return values if mesh is self.moved else np.asarray(interpolant(self.moved, values)(mesh.points))

    def truth(self, points: Floats) -> Floats:
        """Return the exact or reference scalar at the end of the last interval; before the first, the interpolant."""
        if not self.interval:
            return np.asarray(interpolant(self.mesh, self.solution)(points))
        return self.problem.truth(points, self.interval - 1)

    def move(self, mesh: Mesh, solution: Floats | None = None) -> bool:
        """Carry the solution over to the moved mesh and advance both simulations by one interval."""
        if len(tangled_cells(mesh, self.mesh)) or not self._advance(mesh):
            self.moved, self.error_moved = mesh, math.nan
            return True
        self.error_original, self.error_moved = (float(x) for x in np.mean(self._errors, axis=0))
        self.interval += 1
        finished = self.interval == self.problem.intervals
        if finished:
            self.quantities = self._of_interest()
        return finished

    def _advance(self, mesh: Mesh) -> bool:
        problem, k = self.problem, self.interval
        try:
            self._state, record = problem.measured(self.mesh, self._state, k)
            carried = problem.transfer(self.moved, self._moved_state, mesh) if k else problem.initial(mesh)
            following, moved_record = problem.measured(mesh, carried, k)
            errors = (problem.error(self.mesh, self._state, k), problem.error(mesh, following, k))
        except SolverError:
            return False
        self.moved, self._moved_state = mesh, following
        self._errors.append(errors)
        self._records.append((record, moved_record))
        return bool(np.isfinite(errors[1]))

    def _of_interest(self) -> dict[str, tuple[float, float]]:
        before, after = (self.problem.quantities(records) for records in zip(*self._records, strict=True))
        return {name: (value, after[name]) for name, value in before.items()}


def make_case(
    problem: SteadyProblem | UnsteadyProblem, mesh: Mesh, monitor: Monitor | None, solution: Floats | None = None
) -> Case:
    """Return the case for a problem; an unsteady one first computes the reference that its error needs, once."""
    if isinstance(problem, UnsteadyProblem):
        if not problem.prepared:
            problem.prepare(mesh)
            problem.prepared = True
        return UnsteadyCase(problem, mesh, monitor)
    return SteadyCase(problem, mesh, monitor, solution)
