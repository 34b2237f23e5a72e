"""Coupled problems as an environment: from what is given to the fields that act on each other."""

from __future__ import annotations

from typing import Any

from simplatform.envs.fields.coupled.base import Square
from simplatform.envs.fields.coupled.catalogue import find_coupled
from simplatform.envs.fields.environment import FieldForecast, Frames


class CoupledEnv(FieldForecast):
    """Find coupled fields on a square with walls; see ``FieldForecast``.

    The given fields are the first channels of every frame: they are shown, put back whatever the policy answers, and
    not scored. A steady problem has one frame, and zeros before it.
    """

    def __init__(self, problem: str = "thermo-fluid-lite", points: int = 24, render_mode: str | None = None) -> None:
        """Choose the problem, and the points of the grid in each direction, which are the vertices of its mesh.

        Raises:
            UnknownName: no such problem.
        """
        self.problem, self.render_mode = find_coupled(problem), render_mode
        self._square = Square(points)
        self.given = len(self.problem.given)
        facts = {
            "problem": problem, "lengths": [1.0, 1.0], "periodic": [False, False], "parameters": [],
            "given": list(self.problem.given),
        }  # fmt: skip
        channels = (*self.problem.given, *self.problem.found)
        self.describe(channels, (points, points), self.problem.dt, facts)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Frames], dict[str, Any]]:
        """Draw what is given, and solve for the rest."""
        super().reset(seed=seed)
        truth = self.problem.truth(self.np_random, self._square)
        return self.begin(truth, self.nothing), {}
