"""Conjugate gradients on packed systems: every mesh of a batch has steps of its own, and none waits for the host.

Preconditioned by the diagonal (Saad, 2003, algorithm 9.1). On a CPU the residual is looked at in every iteration, which
costs nothing there; on an accelerator a look would stall the device, so that iterations are made in blocks whose number
is known beforehand. A system that has converged stands still in them, and one that has not gives NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from simplatform.errors import SolverError

RTOL = 1e-12
ACCEPTED = 1e-6
"""On an accelerator, a residual above this share of |b| after the last iteration gives NaN."""
MOST = 10_000
"""Iterations at most."""
PER_ROOT = 6.0
LEAST = 60
"""On an accelerator: ``LEAST + PER_ROOT * sqrt(unknowns)`` iterations; a unit square takes about 3.3 sqrt(V)."""


def conjugate_gradients(
    apply: Callable[[Tensor], Tensor],
    load: Tensor,
    diagonal: Tensor,
    mesh: Tensor | None = None,
    rtol: float = RTOL,
    most: int = MOST,
) -> Tensor:
    """Solve A x = b for a symmetric positive A given by ``apply``; ``mesh (N,)`` says whose each unknown is.

    Raises:
        SolverError: on a CPU, a residual that stays above ``rtol``·|b| after ``most`` iterations.
    """
    here = load.device.type == "cpu"
    state = _State(load, diagonal, load.new_zeros(len(load), dtype=torch.int64) if mesh is None else mesh, rtol)
    for _ in range(most if here else min(most, LEAST + int(PER_ROOT * math.sqrt(len(load))))):
        if here and not bool(state.open.any()):
            break
        state.advance(apply)
    if not here:
        lost = ~(state.squares(state.r) <= ACCEPTED**2 * state.squares(load))
        return torch.where(lost[state.mesh], torch.nan, state.x)
    if bool(state.open.any()):
        left = float((state.squares(state.r) / state.squares(load)).nan_to_num(torch.inf).max().sqrt())
        raise SolverError(f"conjugate gradients left a residual of {left:.1e} after {most} steps")
    return state.x


class _State:
    """What an iteration hands to the next; ``open (B,)`` says which systems have not converged."""

    def __init__(self, load: Tensor, diagonal: Tensor, mesh: Tensor, rtol: float) -> None:
        # As many places as unknowns: the number of meshes is on the device, and asking for it would wait.
        self.mesh, self.diagonal = mesh, diagonal
        self.count = int(mesh[-1]) + 1 if load.device.type == "cpu" else len(load)
        self.x, self.r = torch.zeros_like(load), load.clone()
        self.p = self.r / diagonal
        self.rz = self.dot(self.r, self.p)
        self.target = rtol**2 * self.squares(load)
        self.open = ~(self.squares(self.r) <= self.target)

    def dot(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the inner products of all systems, ``(B,)``."""
        return a.new_zeros(self.count).index_add(0, self.mesh, a * b)

    def squares(self, a: Tensor) -> Tensor:
        """Return the squared norms of all systems, ``(B,)``."""
        return self.dot(a, a)

    def advance(self, apply: Callable[[Tensor], Tensor]) -> None:
        """Make one iteration; systems that have converged stand still."""
        q = apply(self.p)
        alpha = torch.where(self.open, self.rz / self.dot(self.p, q), 0.0)[self.mesh]
        self.x, self.r = self.x + alpha * self.p, self.r - alpha * q
        z = self.r / self.diagonal
        following = self.dot(self.r, z)
        beta = torch.where(self.open, following / self.rz, 0.0)[self.mesh]
        self.p, self.rz = z + beta * self.p, following
        self.open = ~(self.squares(self.r) <= self.target)
