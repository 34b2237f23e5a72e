"""What a mesh movement is worth, as differentiable functions of the moved vertices: objectives for training and
refining.

Each takes moved points ``(N, 2)`` of a packed batch and the batch's own tensors (``points``, ``cells``, ``monitor``,
``boundary``, ``sizes``, ``cell_sizes``, ``parameters (B, 30)``, ``solution``) and returns one number per mesh,
``(B,)``. They are registered as solvers of kind "pde", so that policies reach them by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from simplatform.envs.mesh.finite_elements.fem_torch import Space, owners, solve_elliptic

if TYPE_CHECKING:
    from numpy.typing import NDArray

Batch = Mapping[str, Tensor]

CHUNK = 4096
"""Points that are looked up at once on an accelerator."""
HELMHOLTZ, POISSON = 1.0, 0.0
"""Reaction coefficients of the two families whose parameters are Gaussian sums."""


class GaussianSums:
    """The manufactured solutions of a batch: u, and f = −Δu + c·u, at points of each mesh."""

    def __init__(self, parameters: Tensor, reaction: float) -> None:
        """Take parameters ``(B, 30)``: rows (z, μx, μy, σx, σy) of six Gaussians per mesh."""
        self.rows = parameters.reshape(len(parameters), -1, 5)
        self.reaction = reaction

    def value(self, points: Tensor, mesh: Tensor) -> Tensor:
        """Return u at points ``(M, q, 2)``, row m in mesh ``mesh[m]``: ``(M, q)``."""
        return self._terms(points, mesh)[0].sum(dim=-1)

    def source(self, points: Tensor, mesh: Tensor) -> Tensor:
        """Return f = −Δu + c·u, ``(M, q)``."""
        terms, scaled, widths = self._terms(points, mesh)
        laplacian = (terms[..., None] * (4 * scaled**2 - 2) / widths**2).sum(dim=(-1, -2))
        return self.reaction * terms.sum(dim=-1) - laplacian

    def _terms(self, points: Tensor, mesh: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows = self.rows.to(points)[mesh][:, None]
        scaled = (points[..., None, :] - rows[..., 1:3]) / rows[..., 3:]
        return rows[..., 0] * (-(scaled**2).sum(dim=-1)).exp(), scaled, rows[..., 3:]


def space_of(moved: Tensor, batch: Batch) -> Space:
    """Return P1 on the moved batch, in double precision."""
    device = moved.device
    mesh, cell_mesh = owners(batch["sizes"].tolist(), device), owners(batch["cell_sizes"].tolist(), device)
    return Space(moved.double(), batch["cells"].to(device), mesh, cell_mesh)


def helmholtz_error(moved: Tensor, batch: Batch) -> Tensor:
    """Return log ‖u_h − u‖ in L2 of Helmholtz problems on the moved meshes, ``(B,)``; gradients by the adjoint."""
    return _error(moved, batch, HELMHOLTZ)


def poisson_error(moved: Tensor, batch: Batch) -> Tensor:
    """Return log ‖u_h − u‖ in L2 of Poisson problems on the moved meshes, ``(B,)``."""
    return _error(moved, batch, POISSON)


def helmholtz_energy(moved: Tensor, batch: Batch) -> Tensor:
    """Return the Ritz energy ½a(u_h, u_h) − l(u_h) of Helmholtz problems on the moved meshes, ``(B,)``.

    No reference solution enters, and no adjoint: u_h minimises the energy, so its own change does not count to first
    order (envelope theorem), and one solve without gradients suffices. It measures the error only while the boundary
    data of u_h stay the same: hold boundary vertices, or have u = 0 there.
    """
    space, field = space_of(moved, batch), GaussianSums(batch["parameters"].to(moved.device), HELMHOLTZ)
    fixed = batch["boundary"].to(moved.device) > 0
    held = torch.where(fixed, field.value(space.points[:, None], space.mesh)[:, 0], 0.0)
    with torch.no_grad():
        # A space of its own: what it keeps is without gradients.
        inner = solve_elliptic(space_of(moved, batch), field.source, fixed, held, reaction=HELMHOLTZ)
    values = torch.where(fixed, held, inner)
    return space.energy(values, field.source, HELMHOLTZ, len(batch["sizes"]))


def recovered_error(moved: Tensor, batch: Batch) -> Tensor:
    """Return log ‖R_h ũ − ũ‖ in L2 on the moved meshes, ``(B,)``, for problems of which nothing else is known.

    ũ is a smooth function fitted to the observed ``solution (N,)`` of the original meshes, R_h its Ritz projection to
    the moved ones (see ``movers.ritz``). Computed on the host, one mesh after another.
    """
    from simplatform.envs.mesh.geometry.mesh import Mesh
    from simplatform.envs.mesh.monitors.smooth import Smooth

    host = {key: batch[key].detach().cpu() for key in ("points", "cells", "solution", "boundary")}
    places, found, vertex, cell = moved.cpu().double(), [], 0, 0
    for size, count in zip(batch["sizes"].tolist(), batch["cell_sizes"].tolist(), strict=True):
        own, cells = slice(vertex, vertex + size), host["cells"][cell : cell + count].long() - vertex
        original = Mesh(host["points"][own].double().numpy(), cells.numpy())
        smooth = Smooth(original, host["solution"][own].double().numpy())
        space = Space(places[own], cells, torch.zeros(size, dtype=torch.int64), torch.zeros(count, dtype=torch.int64))
        values = solve_elliptic(space, smooth.source, host["boundary"][own] > 0, smooth.value(space.points))
        found.append(0.5 * space.squared_error(values, smooth.value, 1).log())
        vertex, cell = vertex + size, cell + count
    return torch.cat(found).to(moved.device)


def _error(moved: Tensor, batch: Batch, reaction: float) -> Tensor:
    space, field = space_of(moved, batch), GaussianSums(batch["parameters"].to(moved.device), reaction)
    fixed = batch["boundary"].to(moved.device) > 0
    exact = field.value(space.points[:, None], space.mesh)[:, 0]
    values = solve_elliptic(space, field.source, fixed, exact, reaction=reaction)
    return 0.5 * space.squared_error(values, field.value, len(batch["sizes"])).log()


def equidistribution(moved: Tensor, batch: Batch) -> Tensor:
    """Return the spread of monitor × area over cells relative to the original cells, ``(B,)``: the M-uniform loss.

    For each mesh the mean of (ρ_K/ρ̄ − 1)², with ρ_K = ∫_K m / |K_0|, in the manner of UGM2N (arXiv:2508.08615); the
    monitor is interpolated from the original mesh, and its gradient in space is that of the cell it is found in.
    """
    space = space_of(moved, batch)
    count = len(batch["sizes"])
    monitor = interpolate(
        space.at(space.quadrature(2)[0]).reshape(-1, 2), space.cell_mesh[:, None].expand(-1, 3).reshape(-1), batch
    )
    mass = space.areas * monitor.reshape(-1, 3).mean(dim=1)
    original = Space(batch["points"].to(moved.device).double(), space.cells, space.mesh, space.cell_mesh)
    reference = original.areas.abs()
    mean = space.per_mesh(mass, count) / space.per_mesh(reference, count)
    spread = (mass / reference / mean[space.cell_mesh] - 1) ** 2
    return space.per_mesh(spread * reference, count) / space.per_mesh(reference, count)


def interpolate(points: Tensor, mesh: Tensor, batch: Batch) -> Tensor:
    """Return the P1 monitor of the original meshes at points ``(M, 2)`` of mesh ``mesh (M,)``, differentiable in
    them.
    """
    if points.device.type != "cpu":
        return _linear(points, _nearest_cells(points, mesh, batch), batch)
    from simplatform.envs.mesh.geometry.location import Locator
    from simplatform.envs.mesh.geometry.mesh import Mesh

    original = Mesh(batch["points"].detach().cpu().double().numpy(), batch["cells"].cpu().numpy())
    # Meshes of a batch overlap in space, so each is pushed to a place of its own before points are looked up.
    shift = _places(original.points, mesh, batch)
    apart = original.moved(original.points + shift[0])
    cells, _ = Locator(apart).find(points.detach().cpu().double().numpy() + shift[1])
    return _linear(points, torch.as_tensor(cells, device=points.device), batch)


@torch.no_grad()
def _nearest_cells(points: Tensor, mesh: Tensor, batch: Batch) -> Tensor:
    """Return the cell of the same mesh that each point ``(M, 2)`` lies deepest in, ``(M,)``: all pairs, on the device.

    As many comparisons as points times cells, which an accelerator makes faster than a search that asks the host.
    """
    cells, vertices = batch["cells"].to(points.device), batch["points"].to(points)
    owner = owners(batch["cell_sizes"].tolist(), points.device)
    space = Space(vertices, cells, owner, owner)
    base, slope = vertices[cells].mean(dim=1), space.gradients
    found = []
    for part, of in zip(points.split(CHUNK), mesh.split(CHUNK), strict=True):
        depth = 1 / 3 + torch.einsum("ckd,mcd->mck", slope, part[:, None] - base).amin(dim=2)
        found.append(torch.where(of[:, None] == owner, depth, -torch.inf).argmax(dim=1))
    return torch.cat(found)


def _places(points: NDArray[Any], mesh: Tensor, batch: Batch) -> list[NDArray[Any]]:
    """Return shifts along x for vertices ``(N, 2)`` and for the query points ``(M, 2)``."""
    import numpy as np

    width = 2.0 * float(points[:, 0].max() - points[:, 0].min()) + 1.0
    vertices = owners(batch["sizes"].tolist()).numpy() * width
    queries = mesh.cpu().numpy() * width
    return [np.stack([x, np.zeros_like(x)], axis=1) for x in (vertices, queries)]


def _linear(points: Tensor, cells: Tensor, batch: Batch) -> Tensor:
    """Evaluate the linear function of each cell ``(M,)`` at points ``(M, 2)``."""
    device = points.device
    space = Space(batch["points"].to(device).double(), batch["cells"].to(device)[cells], cells, cells)
    nodal = batch["monitor"].to(device).double()[space.cells]
    slope = torch.einsum("mk,mkd->md", nodal, space.gradients)
    origin = space.points[space.cells[:, 0]]
    return nodal[:, 0] + (slope * (points - origin)).sum(dim=1)
