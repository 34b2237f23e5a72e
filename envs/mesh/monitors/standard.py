"""Monitor functions: the density that a mover distributes evenly over the cells.

Each maps a mesh and nodal values of a solution to nodal values ``(V,)`` ≥ 1; by name through ``MONITORS``, or any
callable of the same form.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse.linalg import splu

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.monitors.recovery import edge_squared, hessian_multiplicity, recovery

Monitor = Callable[[Mesh, Floats], Floats]


def hessian(mesh: Mesh, values: Floats, alpha: float = 5.0) -> Floats:
    """1 + α·q/max q, with q the L2 projection of |H|² (Frobenius), H the recovered Hessian (UM2N, section 2)."""
    space = recovery(mesh)
    squares = space.squares(space.hessian(values), hessian_multiplicity(mesh.dim))
    return density(squares, alpha, rounding(mesh, values, 2))


def gradient(mesh: Mesh, values: Floats, alpha: float = 10.0) -> Floats:
    """1 + α·q/max q, with q the L2 projection of |∇u|², ∇u recovered."""
    space = recovery(mesh)
    return density(space.squares(space.gradient(values), np.ones(mesh.dim)), alpha, rounding(mesh, values, 1))


def estimator(mesh: Mesh, values: Floats, alpha: float = 5.0) -> Floats:
    """1 + α·q/max q, with q the squared Zienkiewicz–Zhu error estimate per area, |G u_h − ∇u_h|² (1987)."""
    return density(recovery(mesh).misfit(values), alpha, rounding(mesh, values, 1))


def combined(mesh: Mesh, values: Floats, beta: float = 5.0, alpha: float = 10.0, rounds: float = 10.0) -> Floats:
    """1 + smoothed max(β·|H|²/max, α·|∇u|²/max): the monitor of UM2N's swirl experiment (section 2 of the spec)."""
    second = hessian(mesh, values, beta) - 1.0
    first = gradient(mesh, values, alpha) - 1.0
    return 1.0 + smooth(mesh, np.maximum(first, second), rounds)


def smooth(mesh: Mesh, values: Floats, rounds: float = 10.0) -> Floats:
    """Solve ∫K∇v·∇s + v·s = ∫v·m with K = N·h²/4, h² from the mean cell volume, s = m on the boundary."""
    space = recovery(mesh)
    diffusion = rounds * edge_squared(mesh) / 4
    matrix = (diffusion * space.stiffness + space.mass).tocsr()
    load, fixed = space.mass @ values, mesh.boundary
    free, result = ~fixed, values.copy()
    inner = matrix[free][:, free].tocsc()
    result[free] = splu(inner).solve(load[free] - matrix[free][:, fixed] @ values[fixed])
    return np.maximum(result, 0.0)


def ring(points: Floats, alpha: float = 10.0, beta: float = 200.0, gamma: float = 0.15) -> Floats:
    """1 + α/cosh²(β(|x − c|² − γ)) around c = (½, ½): the ring of the ``movement`` demos, at points ``(N, 2)``."""
    squared = ((points - 0.5) ** 2).sum(axis=1)
    found: Floats = 1.0 + alpha / np.cosh(np.clip(beta * (squared - gamma), -300, 300)) ** 2
    return found


def density(squares: Floats, alpha: float, nothing: float = 0.0) -> Floats:
    """Return 1 + α·q/max q of nodal values; 1 everywhere where q is nowhere above ``nothing``."""
    q = np.maximum(squares, 0.0)
    top = float(q.max())
    return 1.0 + alpha * q / top if top > nothing else np.ones_like(q)


def rounding(mesh: Mesh, values: Floats, order: int) -> float:
    """Return (1e-11·max|u|/h^order)², above what rounding errors of nodal values make of the square of a derivative.

    Without it the monitor of a plane, whose second derivatives are zero but for rounding, would be amplified noise.
    """
    size = float(np.abs(values).max()) / edge_squared(mesh) ** (order / 2)
    value: float = (1e-11 * size) ** 2
    return value


MONITORS: dict[str, Monitor] = {
    "hessian": hessian,
    "gradient": gradient,
    "estimator": estimator,
    "combined": combined,
}
"""Monitor functions by name."""
