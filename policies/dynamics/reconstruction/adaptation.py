"""Adaptation to new systems: damped Gauss–Newton on the few numbers of a context, many hypotheses side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Residuals = Callable[[Tensor, Tensor, Tensor], Tensor]
"""``(owner (R,), chosen (R,), contexts (R, c))`` to residuals ``(R, n)``; ``owner`` is the system of a row."""
STEP = 1e-7
STALLED = 1e-3
FAR = 1e3
"""Times the best one's cost from which a hypothesis is not refined: its error is thirty times as large."""


@dataclass(frozen=True)
class Hypotheses:
    """For each of B systems H guesses: an expert ``chosen (B, H)``, its context ``(B, H, c)``, and what it costs.

    ``errors (B, H, n)`` are the residuals that the costs are of, where they are kept.
    """

    chosen: Tensor
    contexts: Tensor
    cost: Tensor
    errors: Tensor | None = None

    def only(self, allowed: Tensor) -> Hypotheses:
        """Make all others cost infinitely much; ``allowed`` is ``(B, H)``."""
        return Hypotheses(self.chosen, self.contexts, self.cost.masked_fill(~allowed, float("inf")), self.errors)

    def best(self, count: int) -> Hypotheses:
        """Keep the cheapest ``count`` of every system."""
        order = self.cost.argsort(1)[:, :count]
        contexts = self.contexts.gather(1, order[..., None].expand(-1, -1, self.contexts.shape[-1]))
        errors = None if self.errors is None else self.errors.take_along_dim(order[..., None], 1)
        return Hypotheses(self.chosen.gather(1, order), contexts, self.cost.gather(1, order), errors)


def evaluate(residuals: Residuals, chosen: Tensor, contexts: Tensor) -> Hypotheses:
    """Return hypotheses with their costs, the sum of squared residuals."""
    owner = torch.arange(len(chosen), device=chosen.device).repeat_interleave(chosen.shape[1])
    errors = residuals(owner, chosen.flatten(), contexts.flatten(0, 1))
    return Hypotheses(chosen, contexts, _cost(errors).view_as(chosen), errors.view(*chosen.shape, -1))


def adapt(residuals: Residuals, start: Hypotheses, steps: int, log: list[float] | None = None) -> Hypotheses:
    """Take up to ``steps`` Levenberg–Marquardt steps (Marquardt, 1963) with all hypotheses at once.

    ``start.errors``, where they are kept, are those of these residuals, and are not computed again.

    The Jacobian is by differences, whose rows join the batch; the damping falls where a step helps and rises where it
    does not. A hypothesis is left as it is once it does not gain a thousandth of its cost, whatever the others do, and
    from the start where it costs ``FAR`` times what the best of its system does. ``log`` receives the mean over systems
    of the least cost, before the first step and after each.
    """
    width = start.chosen.shape[1]
    owner = torch.arange(len(start.chosen), device=start.chosen.device).repeat_interleave(width)
    chosen, contexts = start.chosen.flatten(), start.contexts.flatten(0, 1).clone()
    damping = torch.full((len(chosen), 1, 1), 1e-3, dtype=contexts.dtype, device=contexts.device)
    best = residuals(owner, chosen, contexts) if start.errors is None else start.errors.flatten(0, 1).clone()
    _note(log, best, width)
    cost = _cost(best).view(-1, width)
    live = (cost <= FAR * cost.amin(1, keepdim=True)).flatten().nonzero()[:, 0]
    for _ in range(steps if contexts.shape[1] else 0):
        whose, which = owner[live], chosen[live]
        trial = contexts[live] + _step(residuals, whose, which, contexts[live], best[live], damping[live])
        found = residuals(whose, which, trial)
        before, after = _cost(best[live]), _cost(found)
        better = after < before
        contexts[live] = torch.where(better[:, None], trial, contexts[live])
        best[live] = torch.where(better[:, None], found, best[live])
        damping[live] = torch.where(better[:, None, None], damping[live] / 5, damping[live] * 5).clamp(1e-9, 1e6)
        _note(log, best, width)
        moving = (after < (1 - STALLED) * before) | ((after > (1 + STALLED) * before) & (damping[live, 0, 0] < 10))
        live = live[moving]
        if not len(live):
            break
    errors = best.view(*start.chosen.shape, -1)
    return Hypotheses(start.chosen, contexts.view_as(start.contexts), _cost(best).view_as(start.chosen), errors)


def _step(
    residuals: Residuals, owner: Tensor, chosen: Tensor, contexts: Tensor, now: Tensor, damping: Tensor
) -> Tensor:
    size = contexts.shape[1]
    offsets = STEP * torch.eye(size, dtype=contexts.dtype, device=contexts.device)
    moved = (contexts[:, None] + offsets).flatten(0, 1)
    many = residuals(owner.repeat_interleave(size), chosen.repeat_interleave(size), moved).unflatten(0, (-1, size))
    jacobian = ((many - now[:, None]) / STEP).transpose(1, 2).nan_to_num(0.0, 0.0, 0.0)
    normal = jacobian.transpose(1, 2) @ jacobian
    scale = torch.diag_embed(normal.diagonal(dim1=1, dim2=2).clamp_min(1e-9))
    gradient = jacobian.transpose(1, 2) @ now.nan_to_num(0.0, 0.0, 0.0)[..., None]
    answer: Tensor = -torch.linalg.solve(normal + damping * scale, gradient)[..., 0]
    return answer


def _cost(values: Tensor) -> Tensor:
    return values.square().sum(1).nan_to_num(float("inf"), float("inf"))


def _note(log: list[float] | None, residual: Tensor, width: int) -> None:
    if log is not None:
        log.append(float(residual.square().mean(1).nan_to_num(1e9, 1e9).view(-1, width).amin(1).mean()))
