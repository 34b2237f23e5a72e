"""What a field problem is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simplatform.envs.fields.equations.base import Equation
from simplatform.envs.fields.grid import Grid, resample
from simplatform.envs.fields.solver import SpectralSolver
from simplatform.errors import ConfigError

Range = tuple[float, float]
Start = Callable[[np.random.Generator, Grid], Tensor]
"""``start(random, grid) -> fields (C, *points)``, float64."""


@dataclass(frozen=True)
class FieldProblem:
    """An equation on a grid; parameters are drawn from their ranges once for each episode.

    ``frame`` is the time between two frames, in the equation's unit; the truth is solved on a grid ``finer`` times as
    fine in ``substeps`` steps a frame, in double, and ``burn_in`` frames before an episode begins.
    """

    name: str
    equation: type[Equation]
    grid: Grid
    frame: float
    substeps: int
    start: Start
    finer: int = 2
    burn_in: int = 0
    parameters: Mapping[str, float] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    source: str = ""

    def changed(self, points: int | None = None, frame: float | None = None, **parameters: Any) -> FieldProblem:
        """Return the problem with other points in every direction, another time between frames, and numbers or ranges
        ``[low, high]`` as parameters. The solver's own steps and the time of the burn-in stay as they are.

        Raises:
            ConfigError: no such parameter, or neither a number nor a range; a time that is not positive.
        """
        fixed, ranges = dict(self.parameters), dict(self.ranges)
        for name, value in parameters.items():
            if name not in self.equation.defaults:
                known = ", ".join(self.equation.defaults)
                raise ConfigError(f"{self.name} has no parameter {name!r}; it has {known}")
            fixed.pop(name, None)
            ranges.pop(name, None)
            if isinstance(value, int | float) and not isinstance(value, bool):
                fixed[name] = float(value)
            else:
                ranges[name] = _range(name, value)
        grid = self.grid if points is None else Grid((points,) * self.grid.dim, self.grid.lengths)
        return replace(self._paced(frame), grid=grid, parameters=fixed, ranges=ranges)

    def _paced(self, frame: float | None) -> FieldProblem:
        """Return the problem with another time between frames; steps are never longer than they were."""
        if frame is None:
            return self
        if isinstance(frame, bool) or not isinstance(frame, int | float) or not 0 < frame < math.inf:
            raise ConfigError(f"env.frame is the time between two frames, a positive number; got {frame!r}")
        share = frame / self.frame
        burn_in = math.ceil(self.burn_in / share - 1e-9)
        return replace(self, frame=float(frame), substeps=math.ceil(self.substeps * share - 1e-9), burn_in=burn_in)

    def draw(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw fields on the fine grid ``(C, *finer points)`` and the varying parameters ``(P,)``, float64."""
        values = torch.tensor([random.uniform(*bounds) for bounds in self.ranges.values()], dtype=torch.float64)
        return self.start(random, self.grid.finer(self.finer)), values

    def solver(
        self, values: Tensor, points: tuple[int, ...] | None = None, substeps: int | None = None, **place: Any
    ) -> SpectralSolver:
        """Return the solver for varying parameters ``(B, P)``, on the fine grid unless ``points`` are told."""
        grid = self.grid.finer(self.finer) if points is None else Grid(points, self.grid.lengths)
        varying: dict[str, float | Tensor] = {name: values[:, column] for column, name in enumerate(self.ranges)}
        equation = self.equation(grid, **{**self.parameters, **varying})
        return SpectralSolver(equation, self.frame, substeps or self.substeps, **place)

    def truth(self, starts: Tensor, values: Tensor, frames: int) -> Tensor:
        """Return the frames ``(B, frames + 1, C, *points)`` after the burn-in of starts ``(B, C, *finer points)``."""
        solver = self.solver(values)
        settled = solver.advance(starts, self.burn_in) if self.burn_in else starts
        return solver.trajectory(settled, frames, lambda fields: resample(fields, self.grid.points))


def _range(name: str, value: Any) -> Range:
    try:
        low, high = (float(end) for end in value)
    except (TypeError, ValueError):
        raise ConfigError(f"env.parameters.{name} must be a number or a range [low, high], got {value!r}") from None
    if not low < high:
        raise ConfigError(f"env.parameters.{name}: a range rises, got [{low}, {high}]; for one value give the number")
    return low, high
