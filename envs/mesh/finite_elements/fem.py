"""P1 finite elements by scikit-fem: the reference backend for boundary-value problems on any mesh of triangles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simplatform.envs.mesh.finite_elements.linear import Solver, direct, linear_solver
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.errors import MissingDependency

Field = Callable[[Floats], Floats]
"""A function of points ``(..., d)`` with values ``(...)``."""

INTORDER = 4
"""Degree up to which loads are integrated exactly."""


def skfem() -> Any:
    """Import scikit-fem.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        import skfem
    except ImportError as error:
        raise MissingDependency("mesh problems need scikit-fem: pip install 'simplatform[mesh]'") from error
    return skfem


def basis(mesh: Mesh, intorder: int = INTORDER) -> Any:
    """Return scikit-fem's P1 basis on a mesh of lines, triangles, tetrahedra, or bilinear on quads."""
    fem = skfem()
    meshes = {"line": fem.MeshLine, "triangle": fem.MeshTri, "quad": fem.MeshQuad, "tetra": fem.MeshTet}
    elements = {
        "line": fem.ElementLineP1,
        "triangle": fem.ElementTriP1,
        "quad": fem.ElementQuad1,
        "tetra": fem.ElementTetP1,
    }
    made = meshes[mesh.kind](mesh.points.T.copy(), mesh.cells.T.copy(), validate=False)
    return fem.Basis(made, elements[mesh.kind](), intorder=intorder)


def elliptic(
    mesh: Mesh, source: Field, *, reaction: float = 0.0, boundary: Field | None = None, solver: str = "auto"
) -> Floats:
    """Solve −Δu + c·u = f with u = g on the whole boundary (g = 0 without ``boundary``); return nodal values ``(V,)``.

    ``solver`` is "direct", "amg", a registered one of kind "linear", or, by the number of unknowns, "auto".

    Raises:
        SolverError: the matrix is singular (a cell of zero area), or multigrid does not converge.
    """
    space = basis(mesh)
    matrix, load = _forms(reaction).assemble(space), _load(source).assemble(space)
    fixed = mesh.boundary
    values = np.zeros(len(mesh.points))
    if boundary is not None:
        values[fixed] = boundary(mesh.points[fixed])
    places = mesh.points[~fixed]
    return solve_dirichlet(matrix.tocsc(), load, values, fixed, linear_solver(solver, mesh.dim, len(places), places))


def solve_dirichlet(matrix: Any, load: Floats, values: Floats, fixed: np.ndarray, solver: Solver = direct) -> Floats:
    """Solve A u = b in the free rows, with ``values`` in the ``fixed`` ones.

    Raises:
        SolverError: A is singular there.
    """
    free, result = ~fixed, values.copy()
    result[free] = solver(matrix[free][:, free], load[free] - matrix[free][:, fixed] @ values[fixed])
    return result


def l2_error(mesh: Mesh, values: Floats, exact: Field, degree: int = 6) -> float:
    """Return ‖u_h − u‖ in L2(Ω), by quadrature exact to ``degree``."""
    space = basis(mesh, degree)
    points = np.asarray(space.global_coordinates())
    difference = np.asarray(space.interpolate(values)) - exact(np.moveaxis(points, 0, -1))
    return float(np.sqrt((difference**2 * space.dx).sum()))


def _forms(reaction: float) -> Any:
    from skfem.helpers import dot, grad

    return skfem().BilinearForm(lambda u, v, _: dot(grad(u), grad(v)) + reaction * u * v)


def _load(source: Field) -> Any:
    return skfem().LinearForm(lambda v, w: source(np.moveaxis(w.x, 0, -1)) * v)
