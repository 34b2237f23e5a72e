"""The naive mixture of experts: every expert is computed, and a softmax of the context weighs them."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Signature
from simplatform.policies.dynamics.reconstruction.contextual import Contextual, ContextualConfig
from simplatform.policies.dynamics.reconstruction.experts import VectorField


class SoftmaxMixtureConfig(ContextualConfig):
    """Settings of the softmax mixture."""

    experts: int = Field(3, ge=1, description="experts, M")


class SoftmaxMixture(Contextual):
    """``f(x, ξ) = Σ_m softmax(Wᵀ[ξ; 1])_m f_m(x, ξ)`` (Jacobs et al., 1991), trained in all its parts.

    MixER's public code compares with a gate that enters through a comparison alone, so that its gradient is zero. This
    one gets gradients, and its experts start unequal, without which the gradient of the gate would be zero too.
    """

    def __init__(self, config: SoftmaxMixtureConfig, signature: Signature) -> None:
        """Draw every expert on its own, and a gate."""
        super().__init__(config, signature, "geps", config.experts)
        for index in range(1, config.experts):
            self.stack.put(index, type(self.stack)(1, *self.stack.shape))
        self.count = config.experts
        self.mixing = nn.Parameter(torch.randn(config.context + 1, config.experts, dtype=torch.float64))

    def weights(self, contexts: Tensor) -> Tensor:
        """Return the weights of the experts, ``(R, M)``."""
        return torch.softmax(contexts @ self.mixing[:-1] + self.mixing[-1], dim=1)

    def first_codes(self, count: int, generator: Generator) -> Tensor:
        """Start contexts far enough apart for the gate to tell them."""
        return torch.randn(count, self.code, generator=generator, dtype=torch.float64)

    def bind(self, chosen: Tensor, contexts: Tensor) -> VectorField:
        """Weigh all experts; ``chosen`` does not matter."""
        rows, count = len(contexts), self.count
        field = self.stack.bind(torch.arange(count).repeat(rows), contexts.repeat_interleave(count, 0))
        weights = self.weights(contexts)[:, :, None, None]
        return lambda x: (field(x.repeat_interleave(count, 0)).unflatten(0, (rows, count)) * weights).sum(1)
