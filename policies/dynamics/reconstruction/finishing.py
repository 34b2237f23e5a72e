"""Second-order finishing: L-BFGS (Liu & Nocedal, 1989) on the full loss of a block of environments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from simplatform.policies.dynamics.reconstruction.experts import VectorField

CHUNK = 25
"""Iterations between two looks."""
HUGE = 1e12
"""What a field costs that blows up."""
Loss = Callable[[VectorField, Tensor], Tensor]
"""The loss of a block's vector field and codes, 0-d."""


@dataclass(frozen=True)
class Block:
    """Environments whose losses share parameters with no other environment, so that they are finished on their own.

    ``bind`` turns their codes into a vector field; ``commit`` takes trained parameters over into the model.
    """

    rows: Tensor
    bind: Callable[[Tensor], VectorField]
    parameters: list[nn.Parameter]
    commit: Callable[[], None] = lambda: None


class Finisher:
    """L-BFGS on one block; keeps its curvature from chunk to chunk. ``diverged`` counts chunks that were undone."""

    def __init__(self, block: Block, codes: Tensor, loss: Loss) -> None:
        """Take the block's codes ``(e, c)``, which are trained with its parameters."""
        self.block, self.codes, self._loss, self.diverged = block, nn.Parameter(codes.detach().clone()), loss, 0
        self._parameters = [*block.parameters, *([self.codes] if codes.numel() else [])]
        self._optimiser = torch.optim.LBFGS(
            self._parameters, history_size=50, line_search_fn="strong_wolfe", tolerance_grad=0.0, tolerance_change=0.0
        )

    def take(self, iterations: int) -> float:
        """Take so many iterations and return the loss; if it has not fallen, all is as before, curvature forgotten."""
        before = [parameter.detach().clone() for parameter in self._parameters]
        start = float(self._closure())
        self._optimiser.param_groups[0].update(max_iter=iterations, max_eval=2 * iterations)
        self._optimiser.step(self._closure)
        end = float(self._closure())
        if not end <= start:
            end = start
            self._undo(before)
        self.block.commit()
        return end

    def forget(self) -> None:
        """Forget the curvature: the loss has become another one."""
        self._optimiser.state.clear()

    def _closure(self) -> Tensor:
        self._optimiser.zero_grad()
        value = self._loss(self.block.bind(self.codes), self.codes)
        if not bool(value.detach() < HUGE):  # the line search tried a field that blows up: send it back
            return torch.full_like(value.detach(), HUGE)
        value.backward()
        return value.detach()

    def _undo(self, before: list[Tensor]) -> None:
        self.diverged += 1
        with torch.no_grad():
            for parameter, old in zip(self._parameters, before, strict=True):
                parameter.copy_(old)
        self.forget()
