"""Energy natural gradient: Gauss–Newton steps in the space of residuals, with momentum and a line search.

The step minimises ‖J φ − r‖² + λ‖φ − μ φ₋₁‖², φ₋₁ being the last one: ENGD by Woodbury's identity with SPRING
(Guzmán-Cordero et al., 2025, arXiv:2505.12149; Goldshlager et al., 2024, arXiv:2401.10190; Müller & Zeinhofer, 2023,
arXiv:2302.13163). The linear system has the size of whatever is fewer, residuals or parameters; where both are many,
it is solved by conjugate gradients without a matrix: each step is one product with J by forward mode and one with its
transpose by reverse mode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, jacrev, jvp, vjp, vmap

from simplatform.policies.meshfree.collocation import Block

Named = dict[str, Tensor]
Pair = tuple[Block, Tensor]
Product = Callable[[Tensor], Tensor]
HALVINGS = 12


@dataclass(frozen=True)
class Slopes:
    """Residuals r ``(N,)`` and their derivatives J ``(N, P)`` by the parameters: as products, and perhaps a matrix."""

    residual: Tensor
    mean: Tensor
    """Mean squared length of J's rows."""
    forward: Product
    back: Product
    matrix: Tensor | None = None


class NaturalGradient:
    """Steps of a solution's trainable parameters."""

    def __init__(self, solution: nn.Module, damping: float = 1e-6, momentum: float = 0.0, iterations: int = 0) -> None:
        """Take λ as a share of the mean diagonal of J Jᵀ; ``iterations`` > 0 asks for CG steps, without a matrix."""
        self.solution, self.damping, self.momentum, self.iterations = solution, damping, momentum, iterations
        self.names = [name for name, one in solution.named_parameters() if one.requires_grad]
        self._last: Tensor | None = None
        self._generator = Generator().manual_seed(0)

    def step(self, blocks: Sequence[Block], points: Sequence[Tensor]) -> float:
        """Make one step on these points; returns the loss before it."""
        pairs = list(zip(blocks, points, strict=True))
        slopes = self._products(pairs) if self.iterations else self._matrix(pairs)
        move = self._direction(slopes)
        before = float(slopes.residual.square().sum())
        taken = self._search(pairs, move, before, float(slopes.back(slopes.residual) @ move))
        self._last = move * taken if taken else None
        self.damping = max(self.damping * (0.5 if taken == 1.0 else 1.0 if taken > 0.1 else 4.0), 1e-14)
        self.damping = min(self.damping, 1.0)
        return before

    def _matrix(self, pairs: Sequence[Pair]) -> Slopes:
        """Return slopes with their matrix."""
        rows, values = zip(*(self._rows(block, at) for block, at in pairs), strict=True)
        jacobian = torch.cat(rows)
        mean = jacobian.square().sum() / len(jacobian)
        return Slopes(torch.cat(values), mean, lambda v: jacobian @ v, lambda r: jacobian.mT @ r, jacobian)

    def _products(self, pairs: Sequence[Pair]) -> Slopes:
        """Return slopes as products alone; the mean square of rows is estimated by random signs (Hutchinson)."""
        fixed = {name: one.detach() for name, one in self.solution.named_parameters()}
        train = {name: fixed.pop(name) for name in self.names}

        def stacked(moving: Named) -> Tensor:
            found = [_residuals(self.solution, {**moving, **fixed}, block, at).flatten() for block, at in pairs]
            return torch.cat([one * one.numel() ** -0.5 for one in found])

        residual, pull = cast(tuple[Tensor, Any], vjp(stacked, train))

        def back(rows: Tensor) -> Tensor:
            (slopes,) = pull(rows)
            return torch.cat([slopes[name].flatten() for name in self.names])

        def forward(move: Tensor) -> Tensor:
            parts = torch.split(move, [train[name].numel() for name in self.names])
            moved = {name: part.view_as(train[name]) for name, part in zip(self.names, parts, strict=True)}
            image: Tensor = jvp(stacked, (train,), (moved,))[1]
            return image

        signs = torch.randint(0, 2, residual.shape, generator=self._generator).to(residual) * 2 - 1
        return Slopes(residual.detach(), back(signs).square().sum() / len(signs), forward, back)

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

    def _direction(self, slopes: Slopes) -> Tensor:
        """Return the step that is to be subtracted, ``(P,)``."""
        damping, last = self.damping * slopes.mean, self._last
        gap = slopes.residual if last is None else slopes.residual - slopes.forward(self.momentum * last)
        if slopes.matrix is None:
            found = conjugate_gradients(slopes.forward, slopes.back, gap, damping, self.iterations)
        else:
            found = regularised(slopes.matrix, gap, damping)
        return found if last is None else self.momentum * last + found

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


def conjugate_gradients(forward: Product, back: Product, residual: Tensor, damping: Tensor, iterations: int) -> Tensor:
    """Return (Jᵀ J + λ)⁻¹ Jᵀ r by that many steps of conjugate gradients (CGLS), from products with J and with Jᵀ."""
    gap, steep = residual.clone(), back(residual)
    found, search, size = torch.zeros_like(steep), steep.clone(), steep @ steep
    for _ in range(iterations):
        image = forward(search)
        along = size / (image @ image + damping * (search @ search)).clamp_min(1e-300)
        found, gap = found + along * search, gap - along * image
        steep = back(gap) - damping * found
        size, last = steep @ steep, size
        search = steep + size / last.clamp_min(1e-300) * search
    return found


def _residuals(solution: nn.Module, values: Named, block: Block, points: Tensor) -> Tensor:
    called: Callable[..., Tensor] = lambda at, equation: functional_call(solution, values, (at, equation))  # noqa: E731
    return block.residuals(cast(Any, called), points)  # a module with other parameters, as a function
