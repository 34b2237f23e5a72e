"""Your own scikit-fem solver in a loop with a mover: solve, move, carry the fields over, solve again.

The mover sees the solution that you have and keeps vertices and cells; the fields come along with their integral. With
dolfinx, `points = domain.geometry.x`, `cells = domain.geometry.dofmap`; with Firedrake,
`mesh.coordinates.dat.data_ro` and `mesh.coordinates.cell_node_map().values`: the rest is the same.
"""

from typing import Any

import numpy as np
import skfem
from skfem.helpers import dot, grad

import simplatform as sp
from simplatform.envs.mesh.arrays.loop import adapt


def stiffness(u: Any, v: Any, w: Any) -> Any:
    return dot(grad(u), grad(v))


def source(v: Any, w: Any) -> Any:
    return 400 * np.exp(-((w.x[0] - 0.3) ** 2 + (w.x[1] - 0.6) ** 2) / 0.005) * v


bilinear, linear = skfem.BilinearForm(stiffness), skfem.LinearForm(source)


def solve(points: Any, cells: Any, carried: Any) -> Any:
    """Return nodal values ``(V,)``; what was carried over would be a start for a solver in time."""
    basis = skfem.Basis(skfem.MeshTri(points.T, cells.T), skfem.ElementTriP1())
    return skfem.solve(*skfem.condense(bilinear.assemble(basis), linear.assemble(basis), D=basis.get_dofs()))


def energy(points: Any, cells: Any, values: Any) -> float:
    """Return the Ritz energy of a solution: smaller is nearer the truth, and it needs no truth."""
    basis = skfem.Basis(skfem.MeshTri(points.T, cells.T), skfem.ElementTriP1())
    return float(values @ (0.5 * bilinear.assemble(basis) @ values - linear.assemble(basis)))


def main() -> list[float]:
    """Return the energies of a coarse mesh, of two rounds of moving it, and of a mesh with 16 times as many cells."""
    mesh = skfem.MeshTri().refined(4)
    found = adapt(sp.mover("anisotropic"), mesh.p.T, mesh.t.T, solve, rounds=2, error=energy)
    fine = mesh.refined(2)
    moved = [one.error for one in found.rounds]
    return [*moved, energy(fine.p.T, fine.t.T, solve(fine.p.T, fine.t.T, None))]


if __name__ == "__main__":
    coarse, *rounds, fine = main()
    print(f"of the distance to the fine mesh's energy left: {[round((r - fine) / (coarse - fine), 3) for r in rounds]}")
    assert min(rounds) - fine < 0.5 * (coarse - fine)
