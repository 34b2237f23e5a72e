"""What a picture of a case shows, panel by panel; ``figures`` draws them by matplotlib, ``rendering`` by PyVista."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.problems.cases import Case
from simplatform.errors import DataError


@dataclass(frozen=True, eq=False)
class Panel:
    """A mesh under a title, coloured by nodal ``(V,)`` or cell values ``(C,)`` from ``low`` to ``high``, or bare."""

    title: str
    mesh: Mesh
    values: Floats | None = None
    low: float | None = None
    high: float | None = None

    @property
    def triangles(self) -> Panel:
        """The same panel on triangles: quads are cut in two, with the values of their cells on both halves."""
        if self.mesh.kind != "quad":
            return self
        values = np.repeat(self.values, 2) if self.cellwise and self.values is not None else self.values
        return replace(self, mesh=self.mesh.simplicial, values=values)

    @property
    def cellwise(self) -> bool:
        """Whether the values belong to cells."""
        return self.values is not None and len(self.values) == len(self.mesh.cells) != len(self.mesh.points)


def panels_of(case: Case, monitor: Floats) -> list[Panel]:
    """Return eight panels: monitor, meshes before and after, both solutions, both error fields, and the movement.

    The two solutions share a colour scale, as do the two error fields: what is darker is worse, on either mesh.

    Raises:
        DataError: the mesh is not one of the plane.
    """
    before, after = case.mesh, case.moved
    if before.dim != 2:
        raise DataError(f"pictures show meshes of the plane, got one of dimension {before.dim}")
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
