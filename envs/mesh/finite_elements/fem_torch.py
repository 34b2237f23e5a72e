"""P1 finite elements in torch: packed batches of meshes, differentiable in the vertex positions, on any device.

The second backend beside scikit-fem (``fem``), which it equals to rounding. All B meshes are assembled into one
block-diagonal system. The gradient of a solve is the adjoint solve: with A u = b and cotangent g, λ = A⁻ᵀ g gives ∂b =
λ and ∂A_ij = −λ_i u_j, on the non-zeros only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from simplatform.envs.mesh.finite_elements.conjugate_gradients import conjugate_gradients
from simplatform.envs.mesh.finite_elements.p1 import QUADRATURE
from simplatform.errors import SolverError
from simplatform.seeding import moved

TensorField = Callable[[Tensor, Tensor], Tensor]
"""A function of points ``(M, q, 2)`` and the number of the mesh of each row ``(M,)``, with values ``(M, q)``."""

Method = Literal["auto", "direct", "cg"]

_A, _B, _WA, _WB = 0.063089014491502, 0.249286745170910, 0.050844906370207, 0.116786275726379
_C = (0.053145049844817, 0.310352451033784, 0.636502499121399)
_SIX = [[1 - 2 * a if i == j else a for j in range(3)] for a in (_A, _B) for i in range(3)]
_SIX += [[_C[i], _C[j], _C[k]] for i, j, k in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))]
DEGREE_SIX = (np.array(_SIX), np.array([_WA] * 3 + [_WB] * 3 + [0.082851075618374] * 6))
"""Barycentric points (12, 3) and weights (12,) exact to degree 6 (Dunavant, 1985)."""


@dataclass(frozen=True, eq=False)
class Space:
    """P1 functions on packed triangles: ``points (N, 2)`` (may require gradients), ``cells (C, 3)``, owners ``(N,)``,
    ``(C,)``.
    """

    points: Tensor
    cells: Tensor
    mesh: Tensor
    cell_mesh: Tensor

    @cached_property
    def edges(self) -> tuple[Tensor, Tensor]:
        """Edge vectors from vertex 0 to 1 and 0 to 2 of each cell, ``(C, 2)``."""
        corners = self.points[self.cells]
        return corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]

    @cached_property
    def areas(self) -> Tensor:
        """Signed areas, ``(C,)``."""
        u, v = self.edges
        return (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) / 2

    @cached_property
    def gradients(self) -> Tensor:
        """Gradients of the hat functions, ``(C, 3, 2)``."""
        corners = self.points[self.cells]
        opposite = corners.roll(1, 1) - corners.roll(-1, 1)
        turned = torch.stack([-opposite[..., 1], opposite[..., 0]], dim=-1)
        return turned / (2 * self.areas)[:, None, None]

    def local_matrix(self, reaction: float) -> Tensor:
        """Return ∫∇ψ_i·∇ψ_j + c∫ψ_iψ_j per cell, ``(C, 3, 3)``."""
        mass = (1 + torch.eye(3, dtype=self.points.dtype, device=self.points.device)) / 12
        stiffness = self.gradients @ self.gradients.transpose(1, 2)
        return self.areas[:, None, None] * (stiffness + reaction * mass)

    def load(self, source: TensorField, degree: int = 4) -> Tensor:
        """Return ∫ψ_i f, ``(N,)``."""
        at, weights = self.quadrature(degree)
        values = source(self.at(at), self.cell_mesh) * weights
        return self.scatter(self.areas[:, None] * (values @ at))

    def quadrature(self, degree: int) -> tuple[Tensor, Tensor]:
        """Return barycentric points ``(q, 3)`` and weights ``(q,)``."""
        rule = DEGREE_SIX if degree > 4 else QUADRATURE[4 if degree > 2 else 2]
        points, weights = (moved(torch.as_tensor(part).to(self.points.dtype), self.points.device) for part in rule)
        return points, weights

    def at(self, barycentric: Tensor) -> Tensor:
        """Return the places of quadrature points, ``(C, q, 2)``."""
        return barycentric @ self.points[self.cells]

    def scatter(self, local: Tensor) -> Tensor:
        """Sum cell contributions ``(C, 3)`` into vertices, ``(N,)``."""
        return local.new_zeros(len(self.points)).index_add(0, self.cells.reshape(-1), local.reshape(-1))

    def per_mesh(self, cellwise: Tensor, count: int) -> Tensor:
        """Sum cell values ``(C,)`` over each mesh, ``(B,)``."""
        return cellwise.new_zeros(count).index_add(0, self.cell_mesh, cellwise)

    def squared_error(self, values: Tensor, exact: TensorField, count: int, degree: int = 6) -> Tensor:
        """Return ‖u_h − u‖² in L2 of each mesh, ``(B,)``, by quadrature exact to ``degree``."""
        at, weights = self.quadrature(degree)
        difference = values[self.cells] @ at.T - exact(self.at(at), self.cell_mesh)
        return self.per_mesh(self.areas * (difference**2 @ weights), count)

    def energy(self, values: Tensor, source: TensorField, reaction: float, count: int) -> Tensor:
        """Return the Ritz energy ½a(u, u) − l(u) of nodal values on each mesh, ``(B,)``."""
        at, weights = self.quadrature(4)
        nodal = values[self.cells]
        quadratic = 0.5 * torch.einsum("ci,cij,cj->c", nodal, self.local_matrix(reaction), nodal)
        linear = self.areas * ((source(self.at(at), self.cell_mesh) * (nodal @ at.T)) @ weights)
        return self.per_mesh(quadratic - linear, count)


def solve_elliptic(
    space: Space,
    source: TensorField,
    fixed: Tensor,
    values: Tensor,
    *,
    reaction: float = 0.0,
    method: Method = "auto",
) -> Tensor:
    """Solve −Δu + c·u = f with u = ``values (N,)`` in the ``fixed (N,)`` vertices; return ``(N,)``, differentiable.

    ``direct`` factorises on the CPU; ``cg`` runs on the device of the points; ``auto`` is direct on a CPU, where it is
    faster (``benchmarks/mesh/fem_cg.json``), and conjugate gradients elsewhere. On an accelerator the host does not
    wait: a mesh whose matrix is not finite, or whose residual stays too large, gives NaN.

    Raises:
        SolverError: on a CPU, a singular matrix, or conjugate gradients that do not converge.
    """
    local, cells, here = space.local_matrix(reaction), space.cells, space.points.device.type == "cpu"
    if here and not bool(torch.isfinite(local).all()):
        raise SolverError("the finite-element matrix is not finite: a cell has zero area")
    if method == "auto":
        method = "direct" if here else "cg"
    load = space.load(source)
    held = torch.where(fixed, values, 0.0)
    load = load - space.scatter((local @ held[cells][..., None])[..., 0])
    free = (~fixed).to(local)
    # Rows and columns of held vertices become those of the identity: the system keeps its shape and stays symmetric.
    masked = local * free[cells][:, :, None] * free[cells][:, None, :]
    matrix, right = masked.reshape(-1), load * free
    inner: Tensor = _Solve.apply(matrix, right, cells, fixed, space.mesh, method)  # type: ignore[no-untyped-call]  # torch's own
    return inner + held


class _Solve(torch.autograd.Function):
    """u = A⁻¹b with A assembled from cell matrices; symmetric, so the adjoint solve uses the same factor."""

    @staticmethod
    def forward(
        ctx: Any, local: Tensor, load: Tensor, cells: Tensor, fixed: Tensor, mesh: Tensor, method: Method
    ) -> Tensor:
        solve = _direct(local, cells, fixed) if method == "direct" else _conjugate_gradients(local, cells, fixed, mesh)
        ctx.solve, ctx.cells = solve, cells
        solution = solve(load)
        ctx.save_for_backward(solution)
        return solution

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (solution,) = ctx.saved_tensors
        adjoint = ctx.solve(gradient)
        outer = adjoint[ctx.cells][:, :, None] * solution[ctx.cells][:, None, :]
        return -outer.reshape(-1), adjoint, None, None, None, None


def _direct(local: Tensor, cells: Tensor, fixed: Tensor) -> Callable[[Tensor], Tensor]:
    numbers = cells.cpu().numpy()
    size = len(fixed)
    rows, columns = numbers.repeat(3, axis=1).ravel(), np.tile(numbers, (1, 3)).ravel()
    values = local.detach().cpu().numpy().astype(np.float64)
    matrix = sparse.coo_array((values, (rows, columns)), shape=(size, size)).tocsc()
    matrix = matrix + sparse.diags_array(fixed.cpu().numpy().astype(float)).tocsc()
    try:
        factor = splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    except RuntimeError as error:
        raise SolverError(f"the finite-element matrix is singular ({error}): is a cell of zero area?") from error

    def solve(load: Tensor) -> Tensor:
        right = load.detach().cpu().numpy().astype(np.float64)
        return torch.as_tensor(factor.solve(right)).to(load)

    return solve


def _conjugate_gradients(local: Tensor, cells: Tensor, fixed: Tensor, mesh: Tensor) -> Callable[[Tensor], Tensor]:
    """Jacobi-preconditioned conjugate gradients on the whole packed batch; no matrix is formed."""
    blocks = local.detach().reshape(-1, 3, 3)
    hold = fixed.to(blocks)

    def scatter(contribution: Tensor) -> Tensor:
        return hold.new_zeros(len(hold)).index_add(0, cells.reshape(-1), contribution.reshape(-1))

    diagonal = scatter(blocks.diagonal(dim1=1, dim2=2)) + hold

    def apply(x: Tensor) -> Tensor:
        return scatter((blocks @ x[cells][..., None])[..., 0]) + hold * x

    return lambda load: conjugate_gradients(apply, load.detach(), diagonal, mesh)


def owners(sizes: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
    """Return the number of the mesh of each packed entry."""
    counts = moved(torch.tensor(list(sizes)), torch.device(device))
    return torch.repeat_interleave(torch.arange(len(counts), device=device), counts, output_size=sum(sizes))
