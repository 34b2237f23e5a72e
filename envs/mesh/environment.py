"""The mesh-movement environment: an action moves the vertices, the PDE is solved again, the error says how good it
is.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import gymnasium
import numpy as np
from gymnasium import spaces

from simplatform.envs.mesh.finite_elements.linear import linear_solver
from simplatform.envs.mesh.geometry.boundary import classify, constrain
from simplatform.envs.mesh.geometry.files import read_mesh
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.geometry.validity import check_mesh, check_monitor, tangled_cells
from simplatform.envs.mesh.monitors.standard import MONITORS, Monitor
from simplatform.envs.mesh.movers.limiter import Limited, limit
from simplatform.envs.mesh.movers.refining import THEN, refined_by_moving
from simplatform.envs.mesh.movers.remeshing import PARTS, remeshed_within
from simplatform.envs.mesh.problems import problem_class
from simplatform.envs.mesh.problems.base import Problem, SteadyProblem, UnsteadyProblem
from simplatform.envs.mesh.problems.cases import Case, make_case
from simplatform.errors import ConfigError, ContractError, UnknownName
from simplatform.pipeline.devices import resolve_device

Info = dict[str, Any]


class MeshMovement(gymnasium.Env[dict[str, Any], Floats]):
    """Move the vertices of a mesh so that the same number of unknowns gives a smaller error.

    Steady problems take one step. Unsteady ones take one step per interval; the mesh always moves from its original
    place, and the solution is carried over by conservative interpolation.

    Observation: ``points (V, d)`` in m, ``cells (C, k)``, ``monitor (V,)`` ≥ 0, ``solution (V,)`` (the scalar of
    interest), ``boundary (V,)`` (0 interior, 1 slides along a straight or plane piece, 2 fixed), ``parameters (P,)`` of
    the problem (for training through the solver; movers do without). Action: displacement ``(V, d)`` in m. Reward: the
    relative reduction of the L2 error, −1 if the mesh tangled.

    Info after a step: ``error_original``, ``error_moved`` (NaN if not solvable), ``error_reduction`` = 1 −
    moved/original, ``tangled`` cells, ``tangled_unlimited`` (what the action itself would have tangled), ``limited``
    (1 if the limiter acted), ``limited_share`` of vertices. Problems with quantities of interest (drag, lift) add
    ``<name>_error_original`` and ``<name>_error_moved``. With ``timings``, also ``move_seconds`` from observation
    to action and ``solve_seconds``: wall times differ between repetitions, so they are off by default and on in the
    tasks.
    """

    case: Case
    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 1}  # noqa: RUF012

    def __init__(
        self,
        problem: str = "helmholtz",
        geometry: str | None = None,
        n: int = 20,
        mesh_seed: int = 0,
        mesher: str = "delaunay",
        monitor: str | Monitor = "problem",
        limiter: bool = True,
        timings: bool = False,
        mesh: Mesh | str | Path | None = None,
        action: Literal["displacement", "metric"] = "displacement",
        then: str = "",
        file: str | Path = "",
        device: str = "cpu",
        solver: str = "auto",
        render_mode: str | None = None,
    ) -> None:
        """Build the mesh: ``geometry`` (else the problem's own) with about ``n`` vertices across, or a ``mesh`` of
        your own, built or in a file that meshio reads. ``mesher`` is one of ``MESHERS``.

        With ``action="metric"``, an action is a tensor for each vertex, ``(V, d(d + 1)/2)``, and the mesh is made anew
        by MMG with no more vertices than before; steady problems only. ``then``, "anisotropic" or "ritz", moves what
        MMG made, by the solution on the original mesh.

        ``file`` is the Python file of problem "pde": see ``problems.pde``. ``device`` is where elliptic problems on
        triangles are solved: factorised on the CPU, which is faster there, and by conjugate gradients elsewhere.

        ``solver`` is the linear solver of problems that are one symmetric system (Helmholtz, Poisson): "direct", "amg",
        one that a plugin registers as "linear" (``dcdm``), or the cheaper of the first two.

        ``monitor`` is the problem's own, one of ``MONITORS`` by name, or any function of a mesh and nodal values.

        Raises:
            UnknownName: no such problem, geometry, mesher, monitor, linear solver or mover after remeshing.
            DataError: the mesh cannot be used (the bad vertex or cell is named), or not for this problem.
            ConfigError: actions that are none, metrics for a problem in time, a device or a solver where none is taken.
            SimplatformError: a device that is not there.
        """
        self._problem_class = problem_class(problem, file)
        self._monitor = _monitor(monitor)
        geometry = geometry or self._problem_class.geometry
        self.mesh = generate(geometry, n, mesh_seed, mesher) if mesh is None else _given(mesh)
        self._problem_class.check_domain(self.mesh)
        self._solver = _solver(solver, device, self._problem_class, self.mesh)
        self.limiter, self.timings, self.action, self.then = limiter, timings, action, _then(then, action)
        self.device = _device(device, self._problem_class, self.mesh)
        self.render_mode = render_mode
        self._problem: SteadyProblem | UnsteadyProblem | None = None
        self.flags, self.directions = classify(self.mesh)
        drawn = self._draw(np.random.default_rng(0))
        if action not in ("displacement", "metric") or (action == "metric" and isinstance(drawn, UnsteadyProblem)):
            raise ConfigError(f"env.action={action!r}: displacement, or metric where the problem is steady")
        self._define_spaces(np.shape(drawn.parameters))
        self.metadata = {**type(self).metadata, "simplatform": self._facts(problem, geometry, n)}

    def monitor_at(self, mesh: Mesh) -> Floats:
        """Return the monitor ``(V,)`` on any mesh, solving the current problem there if it is steady: for experts."""
        return self.case.monitor_at(mesh)

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[dict[str, Any], Info]:
        """Draw a problem, solve it on the original mesh, and show its monitor."""
        return self.reset_all([self], [seed], [options])[0]

    def step(self, action: Floats) -> tuple[dict[str, Any], float, bool, bool, Info]:
        """Move, solve again and compare."""
        return self.step_all([self], [action])[0]

    @classmethod
    def reset_all(
        cls, envs: Sequence[Self], seeds: Sequence[int | None], options: Sequence[Info | None]
    ) -> list[tuple[dict[str, Any], Info]]:
        """Reset several environments; on an accelerator their problems are solved as one packed system."""
        drawn = [env._drawn(seed) for env, seed in zip(envs, seeds, strict=True)]
        solutions = _solved(drawn, [env.mesh for env in envs])
        return [env._begun(problem, found) for env, problem, found in zip(envs, drawn, solutions, strict=True)]

    @classmethod
    def step_all(
        cls, envs: Sequence[Self], actions: Sequence[Floats]
    ) -> list[tuple[dict[str, Any], float, bool, bool, Info]]:
        """Step several environments; on an accelerator those that move are solved as one packed system."""
        moves = [
            None if env.action == "metric" else env._move(action) for env, action in zip(envs, actions, strict=True)
        ]
        began = time.perf_counter()
        there = {
            row: move.mesh for row, (env, move) in enumerate(zip(envs, moves, strict=True))
            if move is not None and env.device != "cpu" and not len(tangled_cells(move.mesh, env.mesh))
        }  # fmt: skip
        solutions = _solved([envs[row].case.problem for row in there], list(there.values()))
        found = dict(zip(there, solutions, strict=True))
        share = (time.perf_counter() - began) / max(1, len(there))
        return [
            env._remesh(np.asarray(action, float)) if move is None else env._compared(move, found.get(row), share)
            for row, (env, action, move) in enumerate(zip(envs, actions, moves, strict=True))
        ]

    def _drawn(self, seed: int | None) -> SteadyProblem | UnsteadyProblem:
        super().reset(seed=seed)
        return self._known(self._draw(self.np_random))

    def _begun(self, problem: SteadyProblem | UnsteadyProblem, solution: Floats | None) -> tuple[dict[str, Any], Info]:
        self.case = make_case(problem, self.mesh, self._monitor, solution)
        return self._show(), {"error_original": self.case.error_original}

    def _move(self, action: Floats) -> _Move:
        seconds = time.perf_counter() - self._shown
        wanted = self._checked(action)
        done = limit(self.mesh, wanted) if self.limiter else None
        moved = self.mesh.moved(self.mesh.points + (wanted if done is None else done.displacement))
        return _Move(moved, self.mesh.moved(self.mesh.points + wanted), done, seconds)

    def _compared(
        self, move: _Move, solution: Floats | None, seconds: float
    ) -> tuple[dict[str, Any], float, bool, bool, Info]:
        """Solve on the moved mesh, where no ``solution`` is there yet, and compare."""
        began = time.perf_counter()
        finished = self.case.move(move.mesh, solution)
        info = self._compare(move.wanted, move.limited)
        return self._answer(info, move.seconds, seconds + time.perf_counter() - began, finished)

    def _remesh(self, metric: Floats) -> tuple[dict[str, Any], float, bool, bool, Info]:
        """Make the mesh anew, solve and compare; MMG's seconds count as those of a move."""
        remeshed = remeshed_within(self.mesh, metric, len(self.mesh.points))
        remeshed = refined_by_moving(remeshed, self.then, self.mesh, self.case.solution)
        seconds, began = time.perf_counter() - self._shown, time.perf_counter()
        finished = self.case.move(remeshed)
        info = {
            **self._errors(),
            "tangled": float(len(tangled_cells(remeshed))),
            "vertices": float(len(remeshed.points)),
        }
        info |= {"tangled_unlimited": info["tangled"], "limited": 0.0, "limited_share": 0.0}
        return self._answer(info, seconds, time.perf_counter() - began, finished)

    def _answer(
        self, info: Info, moving: float, solving: float, finished: bool
    ) -> tuple[dict[str, Any], float, bool, bool, Info]:
        if self.timings:
            info |= {"move_seconds": moving, "solve_seconds": solving}
        failed = math.isnan(self.case.error_moved)
        reward = -1.0 if failed else info["error_reduction"]
        return self._last() if failed else self._show(), reward, finished and not failed, failed, info

    def render(self) -> Any:
        """Draw meshes, solutions, errors, monitor and movement: an image ``(H, W, 3)`` of bytes."""
        from simplatform.envs.mesh.pictures.figures import panels_figure, pixels
        from simplatform.envs.mesh.pictures.panels import panels_of

        return pixels(panels_figure(panels_of(self.case, self._observation["monitor"])))

    def _errors(self) -> Info:
        case = self.case
        of_interest: Info = {}
        for name, (before, after) in case.quantities.items():
            of_interest |= {f"{name}_error_original": before, f"{name}_error_moved": after}
        return of_interest | {
            "error_original": case.error_original,
            "error_moved": case.error_moved,
            "error_reduction": 1.0 - case.error_moved / case.error_original,
        }

    def _compare(self, wanted: Mesh, done: Limited | None) -> Info:
        return self._errors() | {
            "tangled": float(len(tangled_cells(self.case.moved, self.mesh))),
            "tangled_unlimited": float(len(tangled_cells(wanted, self.mesh))),
            "limited": float(done is not None and done.active),
            "limited_share": 0.0 if done is None else done.share,
        }

    def _draw(self, rng: np.random.Generator) -> SteadyProblem | UnsteadyProblem:
        problem: SteadyProblem | UnsteadyProblem = self._problem_class.sample(rng, *self.mesh.bounds)
        problem.device = self.device
        if isinstance(problem, SteadyProblem):
            problem.solver = self._solver
        return problem

    def _known(self, drawn: SteadyProblem | UnsteadyProblem) -> SteadyProblem | UnsteadyProblem:
        """Return the last problem where it is drawn again: its fine reference need not be computed a second time."""
        if self._problem is None or not np.array_equal(self._problem.parameters, drawn.parameters):
            self._problem = drawn
        return self._problem

    def _show(self) -> dict[str, Any]:
        self._observation: dict[str, Any] = {
            "points": self.mesh.points,
            "cells": self.mesh.cells,
            "monitor": self.case.observed(),
            "solution": self.case.solution,
            "boundary": self.flags.astype(np.int8),
            "parameters": np.asarray(self.case.problem.parameters, float),
        }
        self._shown = time.perf_counter()
        return self._last()

    def _last(self) -> dict[str, Any]:
        return deepcopy(self._observation)

    def _checked(self, action: Floats) -> Floats:
        wanted = np.asarray(action, float)
        if wanted.shape != self.mesh.points.shape:
            raise ContractError(
                f"an action moves every vertex: expected a displacement {self.mesh.points.shape}, got {wanted.shape}"
            )
        # A rounding error in float32 must not bend a straight boundary.
        return constrain(wanted, self.flags, self.directions)

    def _define_spaces(self, parameters: tuple[int, ...]) -> None:
        low, high = self.mesh.bounds
        points, cells = self.mesh.points, self.mesh.cells
        extent = float((high - low).max())
        least, most = (np.broadcast_to(corner, points.shape) for corner in (low, high))
        big = float(np.finfo(np.float32).max)
        self.observation_space = spaces.Dict(
            {
                "points": spaces.Box(least, most, dtype=np.float64),
                "cells": spaces.Box(0, len(points) - 1, cells.shape, np.int64),
                "monitor": spaces.Box(0, big, (len(points),), np.float64),
                "solution": spaces.Box(-big, big, (len(points),), np.float64),
                "boundary": spaces.Box(0, 2, (len(points),), np.int8),
                "parameters": spaces.Box(-big, big, parameters, np.float64),
            }
        )
        if self.action == "metric":
            self.action_space = spaces.Box(-big, big, (len(points), PARTS[self.mesh.dim]), np.float64)
        else:
            self.action_space = spaces.Box(-extent, extent, points.shape, np.float64)

    def _facts(self, problem: str, geometry: str, n: int) -> Info:
        return {
            "problem": problem,
            "geometry": geometry,
            "n": n,
            "dim": self.mesh.dim,
            "units": {"points": "m", "action": "m", "monitor": "1"},
        }


@dataclass(frozen=True)
class _Move:
    """Where vertices go, where they wanted to go, what the limiter did, and how long the mover took (s)."""

    mesh: Mesh
    wanted: Mesh
    limited: Limited | None
    seconds: float


def _solved(problems: Sequence[Problem], meshes: Sequence[Mesh]) -> list[Floats | None]:
    """Return solutions of those that are solved together; None for the others, which solve themselves."""
    found: dict[int, Floats | None] = {}
    steady = {row: one for row, one in enumerate(problems) if isinstance(one, SteadyProblem)}
    for family in dict.fromkeys(type(one) for one in steady.values()):
        rows = [row for row, one in steady.items() if type(one) is family]
        solutions = family.solve_all([steady[row] for row in rows], [meshes[row] for row in rows])
        found.update(zip(rows, solutions, strict=True))
    return [found.get(row) for row in range(len(problems))]


def _given(mesh: Mesh | str | Path) -> Mesh:
    return check_mesh(mesh) if isinstance(mesh, Mesh) else read_mesh(Path(mesh))


def _device(device: str, family: type[Problem], mesh: Mesh) -> str:
    if device != "cpu" and not (family.devices and mesh.kind == "triangle" and mesh.dim == 2):
        raise ConfigError(
            f"env.device={device!r}: {family.name} on {mesh.kind} cells is solved on the host; helmholtz and poisson "
            "on triangles can be solved on a device"
        )
    return device if device == "cpu" else resolve_device(device)


def _solver(name: str, device: str, family: type[Problem], mesh: Mesh) -> str:
    if name != "auto" and not (issubclass(family, SteadyProblem) and family.linear):
        raise ConfigError(f"env.solver={name!r}: {family.name} has a solver of its own; leave it at auto")
    if name != "auto" and device != "cpu":
        raise ConfigError(f"env.solver={name!r} works on the host, and env.device={device!r} was asked for: choose one")
    linear_solver(name, mesh.dim, len(mesh.points))
    return name


def _then(then: str, action: str) -> str:
    if then not in THEN:
        raise UnknownName("mover after remeshing", then, THEN)
    if then and action != "metric":
        raise ConfigError(f"env.then={then!r} moves what a remesh made: set env.action=metric")
    return then


def _monitor(monitor: str | Monitor) -> Monitor | None:
    """Return a monitor by name, or a user's own, whose values are checked; None is the problem's."""
    if not isinstance(monitor, str):
        return lambda mesh, values: check_monitor(monitor(mesh, values), mesh)
    if monitor not in ("problem", *MONITORS):
        raise UnknownName("monitor", monitor, ("problem", *MONITORS))
    return MONITORS.get(monitor)
