"""Laplacian mover: monitor-weighted Laplacian smoothing (variable diffusion; Winslow, 1981).

Each coordinate solves ∇·(m∇x_k) = 0 on the original mesh, so that vertices gather where m is large. One linear solve
per iteration; any dimension; with a fixed convex boundary and non-obtuse cells the result is a valid embedding.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from simplatform.envs.mesh.geometry.boundary import freedom
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.movers.base import MonitorAt, Moved


def laplacian(mesh: Mesh, monitor: MonitorAt, *, iterations: int = 10, rtol: float = 1e-2) -> Moved:
    """Return the displacement after at most ``iterations`` solves, the monitor evaluated anew before each.

    Stops when the largest change is below ``rtol`` of the largest displacement. Boundary vertices slide where the
    boundary is straight or plane.
    """
    free = freedom(mesh)
    displacement, change = np.zeros_like(mesh.points), np.inf
    history: list[float] = []
    for _ in range(iterations):
        following = _solve(mesh, monitor(mesh.moved(mesh.points + displacement)), free)
        change = float(np.abs(following - displacement).max() / max(np.abs(following).max(), 1e-300))
        displacement = displacement + 0.7 * (following - displacement)
        history.append(change)
        if change < rtol:
            break
    return Moved(displacement, len(history), change, change < rtol, tuple(history))


def _solve(mesh: Mesh, monitor: Floats, free: sparse.csr_array) -> Floats:
    graph = edge_laplacian(mesh, monitor[mesh.edges].mean(axis=1))
    matrix = sparse.block_diag(mesh.dim * [graph]).tocsr()
    forces = -(graph @ mesh.points - graph_balance(mesh)).T.ravel()
    reduced = splu((free.T @ matrix @ free).tocsc()).solve(free.T @ forces)
    found: Floats = (free @ reduced).reshape(mesh.dim, -1).T
    return found


def edge_laplacian(mesh: Mesh, weights: Floats) -> sparse.csr_array:
    """Return the graph Laplacian Σ_e w_e (e_i − e_j)(e_i − e_j)ᵀ over the mesh's edges, ``(V, V)``."""
    tails, heads = mesh.edges.T
    size = len(mesh.points)
    adjacency = sparse.coo_array((weights, (tails, heads)), shape=(size, size))
    adjacency = (adjacency + adjacency.T).tocsr()
    return (sparse.diags_array(np.asarray(adjacency.sum(axis=1)).ravel()) - adjacency).tocsr()


def graph_balance(mesh: Mesh) -> Floats:
    """Return the graph Laplacian of the original points at unit weights: the force that a constant monitor must not
    exert.
    """
    found: Floats = edge_laplacian(mesh, np.ones(len(mesh.edges))) @ mesh.points
    return found
