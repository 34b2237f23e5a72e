"""Coupled problems as an environment: from what is given to the fields that act on each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simplatform.envs.fields.coupled.base import Square
from simplatform.envs.fields.coupled.catalogue import find_coupled
from simplatform.envs.fields.environment import FieldForecast, Frames
from simplatform.errors import UnknownName


class CoupledEnv(FieldForecast):
    """Find coupled fields on a square with walls; see ``FieldForecast``.

    The given fields are the first channels of every frame: they are shown, put back whatever the policy answers, and
    not scored. A steady problem has one frame, and zeros before it.
    """

    def __init__(
        self,
        problem: str = "thermo-fluid-lite",
        points: int = 24,
        fields: Sequence[str] | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Choose the problem, and the points of the grid in each direction, which are the vertices of its mesh.

        Args:
            problem: its name.
            points: of the grid in each direction.
            fields: those of the fields to be found that are asked for, by name; None asks for all. All are solved for.
            render_mode: None; figures are the report's.

        Raises:
            UnknownName: no such problem, or none of its fields.
        """
        self.problem, self.render_mode = find_coupled(problem), render_mode
        self._square = Square(points)
        self.given = len(self.problem.given)
        facts = {
            "problem": problem, "lengths": [1.0, 1.0], "periodic": [False, False], "parameters": [],
            "given": list(self.problem.given),
        }  # fmt: skip
        asked = self._asked(fields)
        self._columns = [*range(self.given), *(self.given + self.problem.found.index(name) for name in asked)]
        self.describe((*self.problem.given, *asked), (points, points), self.problem.dt, facts)

    def _asked(self, fields: Sequence[str] | None) -> Sequence[str]:
        found = self.problem.found
        for name in fields or ():
            if name not in found:
                raise UnknownName("field", name, found, f"{self.problem.name} has {', '.join(found)}.")
        return found if not fields else [name for name in found if name in fields]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Frames], dict[str, Any]]:
        """Draw what is given, and solve for the rest."""
        super().reset(seed=seed)
        truth = self.problem.truth(self.np_random, self._square)
        return self.begin(truth[:, self._columns], self.nothing), {}
