"""Monge–Ampère movers: x = ξ + ∇φ with m(x) det(I + H(φ)) = θ (specs: UM2N section 4; McRae et al., 2018).

Four iterations for the same discrete equations on the fixed computational mesh ξ, with φ and H in P1:

* ``relaxation``: the parabolic pseudo-time stepping of the ``movement`` library, as the UM2N paper uses it;
* ``accelerated``: the same direction with momentum (``solvers.momentum``), its step from the monitor's extremes.
* ``newton``: each step solves the exact linearisation of the continuous equation. Because cofactor matrices are
  divergence-free, D[m det(I + H)]·δ = div(m cof(I + H) ∇δ): a symmetric elliptic problem. It converges in tens of
  steps.
* ``quasi_newton``: multisecant quasi-Newton (Anderson's mixing; Fang and Saad, 2009) on the relaxation's own direction
  −Δ⁻¹ of the residual: the one factorised Laplacian serves all steps, and no matrix is assembled again.

All matrices of ξ are assembled and factorised once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from simplatform.envs.mesh.finite_elements.p1 import P1, QUADRATURE, weak_hessian_loads
from simplatform.envs.mesh.geometry.boundary import freedom
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.geometry.validity import check_connected
from simplatform.envs.mesh.movers.base import MonitorAt, Moved
from simplatform.errors import DataError
from simplatform.solvers.momentum import Name, momentum

PSEUDO_STEP = 0.1
TINY = float(np.finfo(float).tiny)
START = 0.3
"""Length of a quasi-Newton step along the relaxation's direction before any secant is known."""


class MongeAmpere:
    """The discrete Monge–Ampère equation on one mesh; reuse it for many monitors."""

    def __init__(self, mesh: Mesh) -> None:
        """Assemble and factorise what depends on the mesh alone.

        Raises:
            DataError: not a mesh of triangles, or one whose parts do not touch.
        """
        check_connected(mesh)
        if mesh.kind != "triangle":
            raise DataError(
                f"Monge–Ampère movers need triangles, got a mesh of {mesh.kind} cells; laplacian and spring take any"
            )
        self.space = P1(mesh)
        self.mesh = mesh
        self.volume = float(self.space.areas.sum())
        self._free = freedom(mesh)
        mass2 = sparse.block_diag([self.space.mass, self.space.mass])
        self._gradient_factor = _factor(self._free.T @ mass2 @ self._free)
        self._gradient_load = (
            self._free.T @ sparse.vstack([self.space.averaging @ d for d in self.space.derivative])
        ).tocsr()
        self._hessian_load = sparse.vstack(weak_hessian_loads(self.space, tangential=True)).tocsr()
        self._points, self._weights = QUADRATURE[4]
        self._target_norm = float(np.linalg.norm(self.space.lumped))

    @cached_property
    def laplace(self) -> Callable[[Floats], Floats]:
        """The solver of −Δδ = load with natural boundary conditions; factorised once."""
        return _neumann(self.space.stiffness)

    def displacement(self, phi: Floats) -> Floats:
        """Return ∇φ, L2-projected to P1 with zero normal component on the boundary, ``(V, 2)``."""
        reduced = self._gradient_factor.solve(self._gradient_load @ phi)
        found: Floats = (self._free @ reduced).reshape(2, -1).T
        return found

    def hessian(self, phi: Floats) -> Floats:
        """Return H(φ) recovered in P1: (xx, xy, yy), ``(V, 3)``."""
        return self.space.project((self._hessian_load @ phi).reshape(3, -1).T)

    def residual(self, monitor: Floats, hessian: Floats) -> tuple[Floats, float]:
        """Return the load ∫ψ_i (m det(I + H) − θ), ``(V,)``, and its size relative to ∫ψ_i θ."""
        density = self._at(monitor) * _determinant(self._at(hessian))
        cell = np.einsum("c,q,cq,qk->ck", self.space.areas, self._weights, density, self._points, optimize=True)
        theta = float(cell.sum()) / self.volume
        load = self.space.scatter(cell) - theta * self.space.lumped
        return load, float(np.linalg.norm(load)) / (abs(theta) * self._target_norm)

    def _at(self, nodal: Floats) -> Floats:
        found: Floats = np.einsum("qk,ck...->cq...", self._points, nodal[self.mesh.cells])
        return found


def relaxation(
    equation: MongeAmpere, monitor: MonitorAt, *, rtol: float = 1e-3, maxiter: int = 500, dtol: float = 2.0
) -> Moved:
    """Relax in pseudo-time with step 0.1, as published: fixed steps, the Laplacian factorised once.

    Stops below ``rtol``, above ``dtol`` times the first residual, after ``maxiter`` steps, or before a step that
    tangles the mesh; the record shows which.
    """
    state, history = _State.at(equation, monitor, np.zeros(equation.space.size)), []
    for _ in range(maxiter):
        history.append(state.size)
        if state.size < rtol or state.size > dtol * history[0]:
            break
        following = state.relaxed(equation, monitor)
        if following.tangled:
            break
        state = following
    return state.record(history, rtol)


def accelerated(
    equation: MongeAmpere,
    monitor: MonitorAt,
    *,
    method: Name = "triple-momentum",
    rtol: float = 1e-3,
    maxiter: int = 500,
    dtol: float = 2.0,
) -> Moved:
    """Relax with momentum; a step costs what a relaxation step does.

    In the inner product of the Laplacian, the Jacobian at φ = 0 lies between the least and the largest monitor value:
    the curvatures that the method is told. Where a step would tangle the mesh, momentum is given up once. Stops as
    ``relaxation`` does. The certificate is that of the linearised problem only.
    """
    phi = before = np.zeros(equation.space.size)
    state, history = _State.at(equation, monitor, phi), list[float]()
    with_momentum = momentum(method, max(float(state.monitor.min()), TINY), max(float(state.monitor.max()), TINY))
    while not state.tangled and len(history) < maxiter:
        history.append(state.size)
        if state.size < rtol or state.size > dtol * history[0]:
            break
        phi, before = with_momentum.following(phi, before, -equation.laplace(state.load)), phi
        following = _State.at(equation, monitor, with_momentum.ahead(phi, before))
        if following.tangled:
            before = phi
            following = _State.at(equation, monitor, phi)
        if following.tangled:
            break
        state = following
    return state.record(history, rtol)


def newton(equation: MongeAmpere, monitor: MonitorAt, *, rtol: float = 1e-3, maxiter: int = 100) -> Moved:
    """Solve the linearised equation in each step; a step that raises the residual or tangles the mesh is halved.

    Where no step length helps (a monitor that is solved for anew can be rough), one relaxation step goes on from there.
    Stops below ``rtol``, after ``maxiter`` steps, or before a step that tangles the mesh.
    """
    state, history, damping = _State.at(equation, monitor, np.zeros(equation.space.size)), [], 1.0
    for _ in range(maxiter):
        history.append(state.size)
        if state.size < rtol:
            break
        better, damping = _search(equation, monitor, state, _newton_step(equation, state), damping)
        following = better or state.relaxed(equation, monitor)
        if following.tangled:
            break
        state = following
    return state.record(history, rtol)


def quasi_newton(
    equation: MongeAmpere, monitor: MonitorAt, *, rtol: float = 1e-3, maxiter: int = 200, memory: int = 8
) -> Moved:
    """Update an approximate inverse of the Jacobian from the last ``memory`` steps; it starts as the Laplacian's.

    A step that raises the residual is halved, at most four times; then the memory is cleared and one relaxation step
    goes on from there. Stops as ``newton`` does.
    """
    state, history, secants = _State.at(equation, monitor, np.zeros(equation.space.size)), [], _Secants(memory)
    for _ in range(maxiter):
        history.append(state.size)
        if state.size < rtol:
            break
        direction = equation.laplace(state.load)
        following, _ = _search(equation, monitor, state, secants.step(state.phi, direction), 1.0, tries=5)
        if following is None:
            secants.clear()
            following = state.relaxed(equation, monitor)
        if following.tangled:
            break
        state = following
    return state.record(history, rtol)


class _Secants:
    """The differences of the last iterates and of their directions, and the multisecant step that they imply."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._phi: list[Floats] = []
        self._directions: list[Floats] = []

    def clear(self) -> None:
        """Forget everything."""
        self._phi, self._directions = [], []

    def step(self, phi: Floats, direction: Floats) -> Floats:
        """Return β·d − (ΔΦ + β·ΔD)(ΔDᵀΔD)⁻¹ΔDᵀ d with β = START, and remember this iterate."""
        self._phi = [*self._phi, phi][-self._memory - 1 :]
        self._directions = [*self._directions, direction][-self._memory - 1 :]
        if len(self._phi) < 2:
            return START * direction
        moves, changes = np.diff(self._phi, axis=0), np.diff(self._directions, axis=0)
        weights = np.linalg.lstsq(changes.T, direction, rcond=1e-10)[0]
        return START * direction - weights @ (moves + START * changes)


@dataclass(frozen=True)
class _State:
    """An iterate φ and all that follows from it."""

    phi: Floats
    displacement: Floats
    hessian: Floats
    monitor: Floats
    load: Floats
    size: float

    @classmethod
    def at(cls, equation: MongeAmpere, monitor: MonitorAt, phi: Floats) -> _State:
        displacement, hessian = equation.displacement(phi), equation.hessian(phi)
        moved = equation.mesh.moved(equation.mesh.points + displacement)
        if (moved.volumes * equation.mesh.volumes <= 0).any():
            return cls(phi, displacement, hessian, np.full(len(phi), np.nan), np.full(len(phi), np.nan), np.inf)
        values = monitor(moved)
        return cls(phi, displacement, hessian, values, *equation.residual(values, hessian))

    @property
    def tangled(self) -> bool:
        return self.size == np.inf

    def relaxed(self, equation: MongeAmpere, monitor: MonitorAt) -> _State:
        return _State.at(equation, monitor, self.phi + PSEUDO_STEP * equation.laplace(self.load))

    def record(self, history: list[float], rtol: float) -> Moved:
        return Moved(self.displacement, len(history), self.size, bool(self.size < rtol), tuple(history))


def _search(
    equation: MongeAmpere, monitor: MonitorAt, state: _State, step: Floats, damping: float, tries: int = 6
) -> tuple[_State | None, float]:
    """Return the first of ``tries`` ever shorter steps that lowers the residual, and where to start the next search."""
    for _ in range(tries):
        trial = _State.at(equation, monitor, state.phi + damping * step)
        if trial.size < state.size:
            return trial, min(1.0, 1.5 * damping)
        damping *= 0.5
    return None, max(damping, 0.25)


def _newton_step(equation: MongeAmpere, state: _State) -> Floats:
    """Solve ∫∇ψ·(m cof(I + H))∇δ = ∫ψ(m det(I + H) − θ)."""
    cells = equation.mesh.cells
    tensor = _positive(state.hessian[cells].mean(axis=1))
    tensor *= state.monitor[cells].mean(axis=1)[:, None, None]
    return _neumann(equation.space.weighted_stiffness(tensor))(state.load)


def _determinant(h: Floats) -> Floats:
    return (1 + h[..., 0]) * (1 + h[..., 2]) - h[..., 1] ** 2


def _positive(h: Floats, floor: float = 0.1) -> Floats:
    """Return cof(I + H) per cell, ``(C, 2, 2)``, its eigenvalues raised to at least ``floor``."""
    cofactor = np.stack([1 + h[:, 2], -h[:, 1], -h[:, 1], 1 + h[:, 0]], axis=1).reshape(-1, 2, 2)
    values, vectors = np.linalg.eigh(cofactor)
    found: Floats = np.einsum("cik,ck,cjk->cij", vectors, np.maximum(values, floor), vectors)
    return found


def _factor(matrix: sparse.sparray) -> sparse.linalg.SuperLU:
    return splu(sparse.csc_array(matrix), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})


def _neumann(matrix: sparse.csc_array) -> Callable[[Floats], Floats]:
    """Return the solver of a singular Neumann problem with zero mean load: vertex 0 is held at 0."""
    inner = _factor(matrix.tocsr()[1:].tocsc()[:, 1:])

    def solve(load: Floats) -> Floats:
        return np.concatenate([[0.0], inner.solve(load[1:])])

    return solve
