"""Energy natural gradient: Gauss–Newton steps in the space of residuals, with momentum and a line search.

The step minimises ‖J φ − r‖² + λ‖φ − μ φ₋₁‖², φ₋₁ being the last one: ENGD by Woodbury's identity with SPRING
(Guzmán-Cordero et al., 2025, arXiv:2505.12149; Goldshlager et al., 2024, arXiv:2401.10190; Müller & Zeinhofer, 2023,
arXiv:2302.13163). The linear system has the size of whatever is fewer, residuals or parameters; where both are many,
it is solved by conjugate gradients, of which each step is one product with J and one with its transpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from simplatform.policies.meshfree.collocation import Block

Named = dict[str, Tensor]
MOST = 6000
"""Unknowns of a system that is solved directly."""
HALVINGS = 12


class NaturalGradient:
    """Steps of a solution's trainable parameters."""

    def __init__(self, solution: nn.Module, damping: float = 1e-6, momentum: float = 0.0, iterations: int = 0) -> None:
        """Take λ as a share of the largest... of the mean diagonal of J Jᵀ; ``iterations`` > 0 asks for CG steps."""
        self.solution, self.damping, self.momentum, self.iterations = solution, damping, momentum, iterations
        self.names = [name for name, one in solution.named_parameters() if one.requires_grad]
        self._last: Tensor | None = None

    def step(self, blocks: Sequence[Block], points: Sequence[Tensor]) -> float:
        """Make one step on these points; returns the loss before it."""
        pairs = list(zip(blocks, points, strict=True))
        rows, values = zip(*(self._rows(block, at) for block, at in pairs), strict=True)
        jacobian, residual = torch.cat(rows), torch.cat(values)
        move = self._direction(jacobian, residual)
        before = float(residual.square().sum())
        slope = float((jacobian.mT @ residual) @ move)
        taken = self._search(pairs, move, before, slope)
        self._last = move * taken if taken else None
        self.damping = max(self.damping * (0.5 if taken == 1.0 else 1.0 if taken > 0.1 else 4.0), 1e-14)
        self.damping = min(self.damping, 1.0)
        return before

    def _rows(self, block: Block, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return J ``(N E, P)`` and r ``(N E,)`` of a block, so that ‖r‖² is its part of the loss."""
        params = {name: one.detach() for name, one in self.solution.named_parameters()}
        train = {name: params.pop(name) for name in self.names}

        def of(moving: Named, point: Tensor) -> tuple[Tensor, Tensor]:
            found = _residuals(self.solution, {**moving, **params}, block, point[None])[0]
            return found, found

        slopes, values = vmap(jacrev(of, has_aux=True), (None, 0))(train, points)
        scale = values.numel() ** -0.5
        jacobian = torch.cat([slopes[name].flatten(2) for name in self.names], 2)
        return scale * jacobian.flatten(0, 1).detach(), scale * values.flatten().detach()

    def _direction(self, jacobian: Tensor, residual: Tensor) -> Tensor:
        """Return the step that is to be subtracted, ``(P,)``."""
        before = jacobian.new_zeros(jacobian.shape[1]) if self._last is None else self.momentum * self._last
        gap = residual - jacobian @ before
        damping = self.damping * jacobian.square().sum() / len(jacobian)
        if self.iterations:
            return before + conjugate_gradients(jacobian, gap, damping, self.iterations)
        return before + regularised(jacobian, gap, damping)

    def _search(self, pairs: Sequence[tuple[Block, Tensor]], move: Tensor, before: float, slope: float) -> float:
        """Halve the step until the loss falls enough (Armijo); 0 leaves all as it was."""
        start = {name: one.detach().clone() for name, one in self.solution.named_parameters() if name in self.names}
        size = 1.0
        for _ in range(HALVINGS):
            self._put(start, move, size)
            with torch.no_grad():
                after = sum(float(b.residuals(self.solution, at).square().mean()) for b, at in pairs)
            if after < before - 1e-4 * size * abs(slope):
                return size
            size /= 2
        self._put(start, move, 0.0)
        return 0.0

    def _put(self, start: Named, move: Tensor, size: float) -> None:
        place, own = 0, dict(self.solution.named_parameters())
        with torch.no_grad():
            for name in self.names:
                count = start[name].numel()
                own[name].copy_(start[name] - size * move[place : place + count].view_as(start[name]))
                place += count


def regularised(jacobian: Tensor, residual: Tensor, damping: Tensor) -> Tensor:
    """Return Jᵀ (J Jᵀ + λ)⁻¹ r = (Jᵀ J + λ)⁻¹ Jᵀ r, by the smaller of the two systems."""
    rows, columns = jacobian.shape
    dual = rows <= columns
    gram = jacobian @ jacobian.mT if dual else jacobian.mT @ jacobian
    right = residual if dual else jacobian.mT @ residual
    eye = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    factor, fault = torch.linalg.cholesky_ex(gram + damping * eye)
    if int(fault):
        factor = torch.linalg.cholesky(gram + (damping + 1e-10 * gram.diagonal().mean()) * eye)
    solved = torch.cholesky_solve(right[:, None], factor)[:, 0]
    return jacobian.mT @ solved if dual else solved


def conjugate_gradients(jacobian: Tensor, residual: Tensor, damping: Tensor, iterations: int) -> Tensor:
    """Return (Jᵀ J + λ)⁻¹ Jᵀ r by that many steps of conjugate gradients (CGLS)."""
    found = jacobian.new_zeros(jacobian.shape[1])
    gap = residual.clone()
    steep = jacobian.mT @ gap
    search, size = steep.clone(), steep @ steep
    for _ in range(iterations):
        image = jacobian @ search
        along = size / (image @ image + damping * (search @ search)).clamp_min(1e-300)
        found, gap = found + along * search, gap - along * image
        steep = jacobian.mT @ gap - damping * found
        size, last = steep @ steep, size
        search = steep + size / last.clamp_min(1e-300) * search
    return found


def _residuals(solution: nn.Module, values: Named, block: Block, points: Tensor) -> Tensor:
    called: Callable[..., Tensor] = lambda at, equation: functional_call(solution, values, (at, equation))  # noqa: E731
    return block.residuals(cast(Any, called), points)  # a module with other parameters, as a function
