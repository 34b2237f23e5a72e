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
from scipy.sparse.linalg import splu
from torch import Tensor

from simplatform.policies.mesh.graph import Graph

FLOOR = 1e-3
"""Smallest density relative to the largest: keeps the system regular where a monitor is zero."""
BLOCKS = 8.0
"""The score is that of one of so many blocks."""


@torch.no_grad()
def potential(graph: Graph, points: Tensor, monitor: Tensor) -> Tensor:
    """Return φ/(8h²) at the vertices, ``(N,)``, mean 0 on each mesh, h² twice its mean cell area.

    ``points (N, 2)`` are unit coordinates and ``monitor (N,)`` is scaled to at most 1. Solved on the CPU in double
    precision; no gradient flows through it.
    """
    cells = graph.cells.cpu().numpy()
    places = points.detach().cpu().double().numpy()
    density = np.maximum(monitor.detach().cpu().double().numpy(), 0.0) + FLOOR
    owner, cell_owner = graph.mesh.cpu().numpy(), graph.cell_mesh.cpu().numpy()
    areas, gradients = _geometry(places, cells)
    size, count = len(places), len(graph)
    lumped = np.bincount(cells.ravel(), np.repeat(areas / 3, 3), size)
    volume = np.bincount(cell_owner, areas, count)
    theta = np.bincount(owner, lumped * density, count) / volume
    local = (areas * density[cells].mean(axis=1))[:, None, None] * (gradients @ gradients.transpose(0, 2, 1))
    phi = _solve(local, cells, lumped * (density - theta[owner]), graph.sizes)
    phi -= (np.bincount(owner, lumped * phi, count) / volume)[owner]
    spacing = 2 * volume / np.asarray(graph.cell_sizes)
    return torch.as_tensor(phi / (BLOCKS * spacing[owner])).to(points)


def _geometry(points: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return areas ``(C,)`` and gradients of the hat functions ``(C, 3, 2)``."""
    corners = points[cells]
    opposite = corners[:, [2, 0, 1]] - corners[:, [1, 2, 0]]
    signed = (opposite[:, 1, 0] * opposite[:, 2, 1] - opposite[:, 1, 1] * opposite[:, 2, 0]) / 2
    turned = np.stack([-opposite[..., 1], opposite[..., 0]], axis=-1)
    return np.abs(signed), turned / (2 * signed)[:, None, None]


def _solve(local: np.ndarray, cells: np.ndarray, load: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
    """Solve the Neumann problems of all meshes at once, the first vertex of each held at 0."""
    rows, columns = cells.repeat(3, axis=1).ravel(), np.tile(cells, (1, 3)).ravel()
    matrix = sparse.coo_array((local.ravel(), (rows, columns)), shape=(len(load), len(load))).tocsr()
    free = np.ones(len(load), bool)
    free[np.cumsum((0, *sizes[:-1]))] = False
    inner = splu(matrix[free][:, free].tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    result = np.zeros(len(load))
    result[free] = inner.solve(load[free])
    return result
