"""Linear systems by conjugate directions: any function of the residual proposes them, learned ones included.

``conjugate_directions`` is the iteration of the deep conjugate direction method (DCDM; Kaneda et al., 2023,
arXiv:2205.10763): with a linear symmetric positive proposal it is preconditioned conjugate gradients, to rounding.
``flexible_pcg`` (Notay, 2000, SIAM J. Sci. Comput. 22, with Polak and Ribière's coefficient) and ``pcg`` (Saad, 2003,
algorithm 9.1) stand beside it; the last may stall where the proposal is not linear.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from simplatform.errors import SolverError

Operator = Callable[[Tensor], Tensor]
"""A vector ``(n,)`` → a vector ``(n,)``."""


@dataclass(frozen=True)
class LinearSolution:
    """The solution ``(n,)``, the residual's norm before and after every iteration, and whether it is small enough."""

    x: Tensor
    residuals: tuple[float, ...]
    converged: bool

    @property
    def iterations(self) -> int:
        """How many directions were taken."""
        return len(self.residuals) - 1


def conjugate_directions(
    apply: Operator, load: Tensor, propose: Operator, *, memory: int = 2, rtol: float = 1e-4, most: int = 1000
) -> LinearSolution:
    """Solve A x = b from x = 0, A symmetric positive and given by ``apply``.

    A direction is ``propose(r/‖r‖)``, made A-orthogonal to the last ``memory`` ones; the step minimises the error in
    A's norm along it. The residual is computed anew in every iteration.

    Raises:
        SolverError: a proposal that is not finite, or zero, or a matrix that is not positive.
    """
    x, residual, norms = torch.zeros_like(load), load, [_norm(load)]
    kept: list[tuple[Tensor, Tensor, Tensor]] = []
    while norms[-1] > rtol * norms[0] and len(norms) <= most:
        direction = propose(residual / norms[-1]).to(load)
        # All shares are of the proposal itself (classical Gram-Schmidt), as published.
        shares = [(direction @ image) / energy for _, image, energy in kept]
        for share, (old, _, _) in zip(shares, kept, strict=True):
            direction = direction - share * old
        image = apply(direction)
        energy = _positive(direction @ image)
        x = x + (direction @ residual) / energy * direction
        residual = load - apply(x)
        kept = [*kept, (direction, image, energy)][-memory:] if memory else []
        norms.append(_norm(residual))
    return LinearSolution(x, tuple(norms), norms[-1] <= rtol * norms[0])


def flexible_pcg(
    apply: Operator, load: Tensor, precondition: Operator, *, rtol: float = 1e-4, most: int = 1000
) -> LinearSolution:
    """Solve A x = b by conjugate gradients whose preconditioner may differ from step to step (Polak-Ribière)."""
    return _pcg(apply, load, precondition, rtol, most, flexible=True)


def pcg(
    apply: Operator, load: Tensor, precondition: Operator | None = None, *, rtol: float = 1e-4, most: int = 1000
) -> LinearSolution:
    """Solve A x = b by preconditioned conjugate gradients (Fletcher-Reeves), without a preconditioner by plain ones."""
    return _pcg(apply, load, precondition or torch.clone, rtol, most, flexible=False)


def _pcg(
    apply: Operator, load: Tensor, precondition: Operator, rtol: float, most: int, *, flexible: bool
) -> LinearSolution:
    x, r = torch.zeros_like(load), load
    z = precondition(r).to(load)
    p, rz, norms = z, r @ z, [_norm(r)]
    while norms[-1] > rtol * norms[0] and len(norms) <= most:
        q = apply(p)
        alpha = (p @ r) / (p @ q)
        before, x, r = r, x + alpha * p, r - alpha * q
        z = precondition(r).to(load)
        following = r @ z
        p, rz = z + ((z @ (r - before)) if flexible else following) / rz * p, following
        norms.append(_norm(r))
        if not norms[-1] < float("inf"):
            break
    return LinearSolution(x, tuple(norms), norms[-1] <= rtol * norms[0])


def _norm(vector: Tensor) -> float:
    return float(torch.linalg.vector_norm(vector))


def _positive(energy: Tensor) -> Tensor:
    if not 0 < float(energy) < float("inf"):
        raise SolverError(f"a direction of energy {float(energy):.1e}: proposals must be finite and A positive")
    return energy
