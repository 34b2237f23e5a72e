"""What a picture of a case shows, panel by panel; ``figures`` draws them by matplotlib, ``rendering`` by PyVista."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simplatform.envs.mesh.cases import Case
from simplatform.envs.mesh.mesh import Floats, Mesh


@dataclass(frozen=True, eq=False)
class Panel:
    """A mesh under a title, coloured by nodal ``(V,)`` or cell values ``(C,)`` from ``low`` to ``high``, or bare."""

    title: str
    mesh: Mesh
    values: Floats | None = None
    low: float | None = None
    high: float | None = None

    @property
    def cellwise(self) -> bool:
        """Whether the values belong to cells."""
        return self.values is not None and len(self.values) == len(self.mesh.cells) != len(self.mesh.points)


def panels_of(case: Case, monitor: Floats) -> list[Panel]:
    """Return eight panels: monitor, meshes before and after, both solutions, both error fields, and the movement.

    The two solutions share a colour scale, as do the two error fields: what is darker is worse, on either mesh.
    """
    before, after = case.mesh, case.moved
    solutions = (case.solution, case.moved_solution)
    errors = (case.error_field(moved=False), case.error_field(moved=True))
    path = np.linalg.norm(after.points - before.points, axis=1)
    return [
        Panel(f"original mesh, {len(before.points)} vertices", before),
        Panel("moved mesh", after),
        *_pair("solution", before, after, solutions),
        Panel("monitor", before, monitor),
        Panel("length of the displacement", before, path),
        *_pair("error in each cell", before, after, errors),
    ]


def _pair(what: str, before: Mesh, after: Mesh, values: tuple[Floats, Floats]) -> list[Panel]:
    low, high = (float(pick([pick(v) for v in values])) for pick in (np.min, np.max))
    names = (f"{what}, original mesh", f"{what}, moved mesh")
    return [
        Panel(name, mesh, field, low, high)
        for name, mesh, field in zip(names, (before, after), values, strict=True)
    ]  # fmt: skip
