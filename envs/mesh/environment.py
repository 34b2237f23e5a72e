"""The mesh-movement environment: an action moves the vertices, the PDE is solved again, the error says how good it
was.
"""

from __future__ import annotations

import math
import time
from copy import deepcopy
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces

from simplatform.envs.mesh.boundary import classify, constrain
from simplatform.envs.mesh.generators import generate
from simplatform.envs.mesh.limiter import limit
from simplatform.envs.mesh.mesh import Floats, Mesh
from simplatform.envs.mesh.monitors import MONITORS
from simplatform.envs.mesh.problems import problem_class
from simplatform.envs.mesh.problems.base import SteadyProblem
from simplatform.envs.mesh.validity import check_mesh, tangled_cells
from simplatform.errors import ContractError, SolverError, UnknownName

Info = dict[str, Any]


class MeshMovement(gymnasium.Env[dict[str, Any], Floats]):
    """Move the vertices of a mesh so that the same number of unknowns gives a smaller error. One step for steady
    problems.

    Observation: ``points (V, 2)`` in m, ``cells (C, 3)``, ``monitor (V,)`` ≥ 0, ``boundary (V,)`` (0 interior, 1
    slides along a straight segment, 2 fixed), ``parameters (P,)`` of the problem (for training through the solver;
    movers do without). Action: displacement ``(V, 2)`` in m. Reward: the relative reduction of the L2 error, −1 if the
    mesh tangled.

    Info after a step: ``error_original``, ``error_moved`` (NaN if not solvable), ``error_reduction`` = 1 −
    moved/original, ``tangled`` cells, ``tangled_unlimited`` (what the action itself would have tangled), ``limited``
    (1 if the limiter acted), ``limited_share`` of vertices. With ``timings``, also ``move_seconds`` from observation
    to action and ``solve_seconds``: wall times differ between repetitions, so they are off by default and on in the
    tasks.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 1}

    def __init__(
        self,
        problem: str = "helmholtz",
        geometry: str = "square",
        n: int = 20,
        mesh_seed: int = 0,
        monitor: str = "problem",
        limiter: bool = True,
        timings: bool = False,
        mesh: Mesh | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Build the mesh: ``geometry`` with about ``n`` vertices across, or a ``mesh`` of your own.

        Raises:
            UnknownName: no such problem, geometry or monitor.
            DataError: the mesh cannot be used; the bad vertex or cell is named.
        """
        self._problem_class = problem_class(problem)
        if monitor not in ("problem", *MONITORS):
            raise UnknownName("monitor", monitor, ("problem", *MONITORS))
        self._monitor_name = monitor
        self.mesh = check_mesh(generate(geometry, n, mesh_seed) if mesh is None else mesh)
        self.limiter, self.timings = limiter, timings
        self.render_mode = render_mode
        self.flags, self.tangents = classify(self.mesh)
        self.problem: SteadyProblem = self._draw(np.random.default_rng(0))
        self._define_spaces()
        self.metadata = {**type(self).metadata, "simplatform": self._facts(problem, geometry, n)}

    def monitor_at(self, mesh: Mesh) -> Floats:
        """Return the monitor ``(V,)`` of the current problem solved on any mesh: what experts may do."""
        return self._monitor(mesh, self.problem.solve(mesh))

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[dict[str, Any], Info]:
        """Draw a problem, solve it on the original mesh, and show its monitor."""
        super().reset(seed=seed)
        self.problem = self._draw(self.np_random)
        self.solution = self.problem.solve(self.mesh)
        self.error_original = self.problem.error(self.mesh, self.solution)
        self.moved_mesh, self.moved_solution = self.mesh, self.solution
        self._observation = self._observe()
        self._shown = time.perf_counter()
        return deepcopy(self._observation), {"error_original": self.error_original}

    def step(self, action: Floats) -> tuple[dict[str, Any], float, bool, bool, Info]:
        """Move, solve again and compare."""
        seconds = time.perf_counter() - self._shown
        wanted = self._checked(action)
        done = limit(self.mesh, wanted) if self.limiter else None
        self.moved_mesh = self.mesh.moved(self.mesh.points + (wanted if done is None else done.displacement))
        info = {
            "tangled_unlimited": float(len(tangled_cells(self.mesh.moved(self.mesh.points + wanted), self.mesh))),
            "limited": float(done is not None and done.active),
            "limited_share": 0.0 if done is None else done.share,
            **self._solve_moved(),
        }
        if self.timings:
            info |= {"move_seconds": seconds, "solve_seconds": self._solve_seconds}
        reward = -1.0 if math.isnan(info["error_reduction"]) else info["error_reduction"]
        return deepcopy(self._observation), reward, True, False, info

    def render(self) -> Any:
        """Draw the mesh before and after, the solution and its error: an image ``(H, W, 3)`` of bytes."""
        from simplatform.envs.mesh.figures import overview

        return overview(self.mesh, self.moved_mesh, self.solution, self.moved_solution, self._observation["monitor"])

    def _draw(self, rng: np.random.Generator) -> SteadyProblem:
        problem: SteadyProblem = self._problem_class.sample(rng, *self.mesh.bounds)
        return problem

    def _monitor(self, mesh: Mesh, solution: Floats) -> Floats:
        if self._monitor_name == "problem":
            return self.problem.monitor(mesh, solution)
        return MONITORS[self._monitor_name](mesh, solution)

    def _observe(self) -> dict[str, Any]:
        return {
            "points": self.mesh.points.copy(),
            "cells": self.mesh.cells.copy(),
            "monitor": self._monitor(self.mesh, self.solution),
            "boundary": self.flags.astype(np.int8),
            "parameters": np.asarray(self.problem.parameters, float),
        }

    def _checked(self, action: Floats) -> Floats:
        wanted = np.asarray(action, float)
        if wanted.shape != self.mesh.points.shape:
            raise ContractError(
                f"an action moves every vertex: expected a displacement {self.mesh.points.shape}, got {wanted.shape}"
            )
        # A rounding error in float32 must not bend a straight boundary.
        return constrain(wanted, self.flags, self.tangents)

    def _solve_moved(self) -> Info:
        tangled = len(tangled_cells(self.moved_mesh, self.mesh))
        began = time.perf_counter()
        error = math.nan if tangled else self._try_solve()
        self._solve_seconds = time.perf_counter() - began
        return {
            "tangled": float(tangled),
            "error_original": self.error_original,
            "error_moved": error,
            "error_reduction": 1.0 - error / self.error_original,
        }

    def _try_solve(self) -> float:
        try:
            self.moved_solution = self.problem.solve(self.moved_mesh)
        except SolverError:
            return math.nan
        return self.problem.error(self.moved_mesh, self.moved_solution)

    def _define_spaces(self) -> None:
        low, high = self.mesh.bounds
        points, cells = self.mesh.points, self.mesh.cells
        extent = float((high - low).max())
        big = float(np.finfo(np.float32).max)
        parameters = np.shape(self.problem.parameters)
        self.observation_space = spaces.Dict(
            {
                "points": spaces.Box(*(np.broadcast_to(b, points.shape) for b in (low, high)), dtype=np.float64),
                "cells": spaces.Box(0, len(points) - 1, cells.shape, np.int64),
                "monitor": spaces.Box(0, big, (len(points),), np.float64),
                "boundary": spaces.Box(0, 2, (len(points),), np.int8),
                "parameters": spaces.Box(-big, big, parameters, np.float64),
            }
        )
        self.action_space = spaces.Box(-extent, extent, points.shape, np.float64)

    def _facts(self, problem: str, geometry: str, n: int) -> Info:
        return {
            "problem": problem,
            "geometry": geometry,
            "n": n,
            "dim": self.mesh.dim,
            "units": {"points": "m", "action": "m", "monitor": "1"},
        }
