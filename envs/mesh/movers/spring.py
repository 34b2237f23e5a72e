"""Spring mover: edges are springs whose rest length follows the monitor (lineal spring analogy; Farhat et al., 1998).

The rest length of an edge is its own length times (mean density / density there)^(1/d). Stiffness is 1/length with
direction cosines; each iteration solves the sparse force balance once. Any dimension and kind of cell: edges are all
it looks at.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg, splu

from simplatform.envs.mesh.geometry.boundary import freedom
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.movers.base import MonitorAt, Moved
from simplatform.envs.mesh.movers.limiter import limit

STEP = 0.5
LARGEST = {1: 10**6, 2: 250_000, 3: 25_000}
"""Unknowns up to which the balance is factorised, by dimension."""
RTOL, ITERATIONS = 1e-2, 200


def spring(mesh: Mesh, monitor: MonitorAt, *, iterations: int = 20, rtol: float = 1e-2) -> Moved:
    """Return the displacement after at most ``iterations`` half steps towards the balance of forces.

    Every step is limited so that no cell inverts. Stops when a step is below ``rtol`` of the longest so far.
    """
    free, current = freedom(mesh), mesh
    history: list[float] = []
    for _ in range(iterations):
        step = limit(current, STEP * _balance(mesh, current, monitor(current), free)).displacement
        current = current.moved(current.points + step)
        history.append(float(np.abs(step).max()))
        if history[-1] <= rtol * max(history):
            break
    size = history[-1] / max(max(history), 1e-300)
    return Moved(current.points - mesh.points, len(history), size, size <= rtol, tuple(history))


def _balance(original: Mesh, current: Mesh, monitor: Floats, free: sparse.csr_array) -> Floats:
    """Return the displacement that balances the springs to first order, ``(V, d)``."""
    tails, heads = current.edges.T
    vectors = current.points[heads] - current.points[tails]
    lengths = np.linalg.norm(vectors, axis=1)
    density = monitor[current.edges].mean(axis=1)
    natural = np.linalg.norm(original.points[heads] - original.points[tails], axis=1)
    rest = natural * (np.median(density) / density) ** (1 / current.dim)
    rest *= lengths.sum() / rest.sum()
    return _linear_step(current, vectors / lengths[:, None], lengths, rest, free)


def _linear_step(mesh: Mesh, cosines: Floats, lengths: Floats, rest: Floats, free: sparse.csr_array) -> Floats:
    stiffness = 1.0 / lengths
    tension = (stiffness * (lengths - rest))[:, None] * cosines
    incidence = _incidence(mesh)
    forces = (incidence.T @ tension).T.ravel()
    axes = range(mesh.dim)
    blocks = [[_stiffness(incidence, stiffness * (cosines[:, a] * cosines[:, b] + (a == b) * 0.1)) for b in axes]
              for a in axes]  # fmt: skip
    matrix = (free.T @ sparse.block_array(blocks) @ free).tocsc()
    found: Floats = (free @ _balanced(matrix, free.T @ -forces, mesh.dim)).reshape(mesh.dim, -1).T
    return found


def _balanced(matrix: sparse.csc_array, load: Floats, dim: int) -> Floats:
    """Solve for the step: by a factorisation, or where it would fill memory by conjugate gradients, to ``RTOL``."""
    if matrix.shape[0] <= LARGEST[dim]:
        return np.asarray(splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(load))
    diagonal = matrix.diagonal()
    scaled = LinearOperator(matrix.shape, matvec=lambda x: x.ravel() / diagonal, dtype=np.float64)
    return np.asarray(cg(matrix.T, load, rtol=RTOL, maxiter=ITERATIONS, M=scaled)[0])


def _incidence(mesh: Mesh) -> sparse.csr_array:
    """Edge differences, ``(E, V)``: +1 at the head, −1 at the tail."""
    count = len(mesh.edges)
    rows = np.tile(np.arange(count), 2)
    values = np.repeat([-1.0, 1.0], count)
    return sparse.csr_array((values, (rows, mesh.edges.T.ravel())), shape=(count, len(mesh.points)))


def _stiffness(incidence: sparse.csr_array, weights: Floats) -> sparse.csr_array:
    return incidence.T @ sparse.diags_array(weights) @ incidence
