"""The classical solver of a field environment at any cost: fewer points, longer steps, single precision.

Registered as a solver of kind "pde", so that methods reach it by name and know no environment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from simplatform.contracts import Facts
from simplatform.envs.fields.grid import resample
from simplatform.envs.fields.problems import FieldProblem, find_problem
from simplatform.errors import ConfigError

Advance = Callable[[Tensor, Tensor], Tensor]
"""``advance(fields (B, C, *points), parameters (B, P)) -> fields`` one frame later, on the same grid and device."""


def problem_of(facts: Facts) -> FieldProblem:
    """Return the problem that an environment declares, with its parameters and time between frames as they were set.

    Raises:
        UnknownName: no such problem.
    """
    return find_problem(facts.problem).changed(None, facts.dt, **dict(facts.more.get("parameters_set", {})))


def coarse_solver(facts: Facts, points: int = 0, substeps: int = 1, double: bool = False) -> Advance:
    """Return the solver of an environment's problem with ``substeps`` steps a frame.

    ``points`` are those in every direction; 0 keeps the grid of the fields that it is given.

    Raises:
        ConfigError: an odd or too small number of points, or no positive number of substeps.
    """
    if points % 2 or points < 0 or 0 < points < 4 or substeps < 1:
        raise ConfigError(f"a coarse solver wants an even number of points from 4 (or 0), and 1 substep or more; got "
                          f"{points} and {substeps}")  # fmt: skip
    problem, dtype = problem_of(facts), torch.float64 if double else torch.float32

    def advance(fields: Tensor, parameters: Tensor) -> Tensor:
        grid = tuple(fields.shape[2:])
        small = (points,) * len(grid) if points else grid
        place: dict[str, Any] = {"dtype": dtype, "device": fields.device}
        solver = problem.solver(parameters.double().cpu(), small, substeps, **place)
        return resample(solver.advance(resample(fields, small)), grid).to(fields.dtype)

    return advance
