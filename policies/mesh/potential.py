"""One Newton step of the Monge–Ampère equation from rest, as a feature of vertices: what equidistribution wants to
first order.

With x = ξ + ∇φ and m det(I + H(φ)) = θ, the linearisation at φ = 0 is −∇·(m∇φ) = m − θ with natural boundary
conditions: one sparse symmetric solve per mesh. A deformer block moves a vertex towards neighbours of higher score, by
about h² times the score's gradient, so that φ/h² is a score that needs no further learning and means the same on meshes
of every resolution.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu
from torch import Tensor

from simplatform.policies.mesh.exporting import refuse_export
from simplatform.policies.mesh.graph import Graph

FLOOR = 1e-3
"""Smallest density relative to the largest: keeps the system regular where a monitor is zero."""
BLOCKS = 8.0
"""The score is that of one of so many blocks."""


@torch.no_grad()
def potential(graph: Graph, points: Tensor, monitor: Tensor) -> Tensor:
    """Return φ/(8h²) at the vertices, ``(N,)``, mean 0 on each connected part, h² twice the mesh's mean cell area.

    NaN on a mesh with a cell without area, and on no other.

    ``points (N, 2)`` are unit coordinates and ``monitor (N,)`` is scaled to at most 1. Solved on the CPU in double
    precision; no gradient flows through it.

    Raises:
        ContractError: while it is traced for an export.
    """
    refuse_export("its feature `potential` is a sparse solve", "train with --set policy.potential=false, or ")
    cells = graph.cells.cpu().numpy()
    places = points.detach().cpu().double().numpy()
    density = np.maximum(monitor.detach().cpu().double().numpy(), 0.0) + FLOOR
    areas, gradients = _geometry(places, cells)
    owner, flat = graph.mesh.cpu().numpy(), areas == 0
    broken = np.isin(owner, graph.cell_mesh.cpu().numpy()[flat])
    if broken.all():  # as in an export's empty example
        return torch.full_like(points[:, 0], torch.nan)
    areas[flat] = 1.0
    lumped = np.bincount(cells.ravel(), np.repeat(areas / 3, 3), len(places))
    local = (areas * density[cells].mean(axis=1))[:, None, None] * (gradients @ gradients.transpose(0, 2, 1))
    local[flat] = 3 * np.eye(3) - 1  # any matrix that can be solved: the mesh of such a cell has no potential
    matrix = _assembled(local, cells, len(places))
    # Parts that do not touch, meshes of a batch above all, each have a θ and a constant of their own.
    _, first, part = np.unique(connected_components(matrix)[1], return_index=True, return_inverse=True)
    volume = np.bincount(part, lumped)
    theta = np.bincount(part, lumped * density) / volume
    phi = _solve(matrix, lumped * (density - theta[part]), first)
    phi -= (np.bincount(part, lumped * phi) / volume)[part]
    spacing = 2 * np.bincount(graph.cell_mesh.cpu().numpy(), areas, len(graph)) / np.asarray(graph.cell_sizes)
    phi[broken] = np.nan
    return torch.as_tensor(phi / (BLOCKS * spacing[owner])).to(points)


def _geometry(points: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return areas ``(C,)`` and gradients of the hat functions ``(C, 3, 2)``; 0 of cells without area."""
    corners = points[cells]
    opposite = corners[:, [2, 0, 1]] - corners[:, [1, 2, 0]]
    signed = (opposite[:, 1, 0] * opposite[:, 2, 1] - opposite[:, 1, 1] * opposite[:, 2, 0]) / 2
    turned = np.stack([-opposite[..., 1], opposite[..., 0]], axis=-1)
    return np.abs(signed), turned / np.where(signed == 0, np.inf, 2 * signed)[:, None, None]


def _assembled(local: np.ndarray, cells: np.ndarray, size: int) -> sparse.csr_array:
    rows, columns = cells.repeat(3, axis=1).ravel(), np.tile(cells, (1, 3)).ravel()
    return sparse.coo_array((local.ravel(), (rows, columns)), shape=(size, size)).tocsr()


def _solve(matrix: sparse.csr_array, load: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Solve the Neumann problems of all parts at once, one vertex of each held at 0."""
    free = np.ones(len(load), bool)
    free[held] = False
    inner = splu(matrix[free][:, free].tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    result = np.zeros(len(load))
    result[free] = inner.solve(load[free])
    return result
