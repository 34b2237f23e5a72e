"""The adaptive Dormand–Prince pair 5(4), through torchdiffeq (Chen et al., 2018, arXiv:1806.07366)."""

from __future__ import annotations

import torch
from torch import Tensor

from simplatform.solvers.base import AdaptiveStep, Field


class Dopri5(AdaptiveStep):
    """Adaptive steps with one step size for the whole batch: a stiff row slows all of them down.

    Gradients go through the accepted steps. Where the step size underflows or the steps run out, every
    row counts as failed and keeps its initial state: torchdiffeq does not say which row it was, nor how far it came.
    """

    order = 5

    def _integrate(self, field: Field, x0: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        from torchdiffeq import odeint

        ok = torch.ones(len(x0), dtype=torch.bool, device=x0.device)
        options = {"max_num_steps": self.max_steps}
        try:
            states = odeint(field, x0, times, rtol=self.rtol, atol=self.atol, method="dopri5", options=options)
        except AssertionError:  # torchdiffeq asserts that the step has not underflown and that steps are left
            return x0.expand(len(times), *x0.shape), ~ok
        finite = torch.isfinite(states.detach()).transpose(0, 1).flatten(1).all(1)
        return torch.where(torch.isfinite(states), states, x0), finite
