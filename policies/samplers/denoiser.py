"""What a sampler calls: one network in any of the usual parameterisations, its evaluations counted and limited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from torch import Tensor

from simplatform.errors import ContractError, SolverError
from simplatform.policies.samplers.path import Path

Prediction = Literal["noise", "data", "v", "velocity"]
Network = Callable[[Tensor, float], Tensor]
"""``network(x, t)``, ``x (B, ...)``; what it returns is said by a ``Prediction``."""


class AverageVelocityError(ContractError):
    """An average-velocity network (MeanFlow, MP1) was given to a sampler that integrates an instantaneous field."""


class BudgetExceeded(SolverError):
    """A sampler asked for more network evaluations than it was allowed."""


class Denoiser:
    """Noise e, data x0, v = α e − σ x0 (Salimans & Ho, 2022) or velocity dx_t/dt = α' x0 + σ' e: any from any.

    Each call of ``noise``, ``data`` or ``velocity`` is one evaluation; ``nfe`` counts them.
    """

    def __init__(self, network: Network, path: Path, prediction: Prediction, *, budget: int | None = None) -> None:
        """Wrap a network; with a ``budget``, evaluation number ``budget + 1`` is refused.

        Raises:
            AverageVelocityError: the network predicts an average velocity.
            ContractError: an unknown prediction type.
        """
        if str(prediction) in ("average-velocity", "average_velocity", "meanflow"):
            raise AverageVelocityError(
                "samplers integrate an instantaneous field; an average-velocity network (MeanFlow, MP1) answers for a "
                "whole interval and is sampled by its own one-step rule: call the policy's `act`"
            )
        if prediction not in get_args(Prediction):
            raise ContractError(f"expected a prediction among {get_args(Prediction)}, got {prediction!r}")
        self.network, self.path, self.prediction, self.budget, self.nfe = network, path, prediction, budget, 0

    def data(self, x: Tensor, t: float) -> Tensor:
        """Return the clean sample that the network sees in ``x``."""
        return self.both(x, t)[0]

    def noise(self, x: Tensor, t: float) -> Tensor:
        """Return the noise that the network sees in ``x``."""
        return self.both(x, t)[1]

    def velocity(self, x: Tensor, t: float) -> Tensor:
        """Return dx/dt of the probability-flow ODE."""
        if self.prediction == "velocity":
            return self._evaluate(x, t)
        data, noise = self.both(x, t)
        alpha, sigma = self.path.rates(t)
        return alpha * data + sigma * noise

    def both(self, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """Return data and noise, from one evaluation."""
        out, alpha, sigma = self._evaluate(x, t), self.path.alpha(t), self.path.sigma(t)
        if self.prediction == "noise":
            return (x - sigma * out) / alpha, out
        if self.prediction == "data":
            return out, (x - alpha * out) / sigma
        if self.prediction == "v":
            norm = alpha * alpha + sigma * sigma
            return (alpha * x - sigma * out) / norm, (sigma * x + alpha * out) / norm
        da, ds = self.path.rates(t)
        norm = alpha * ds - da * sigma
        return (ds * x - sigma * out) / norm, (alpha * out - da * x) / norm

    def _evaluate(self, x: Tensor, t: float) -> Tensor:
        if self.budget is not None and self.nfe >= self.budget:
            raise BudgetExceeded(f"the sampler asked for evaluation {self.nfe + 1}, but nfe={self.budget} was allowed")
        self.nfe += 1
        return self.network(x, t)
