"""Hierarchical shallow PLRNN (Brenner et al., 2025, arXiv:2410.04814): a piecewise-linear map set by a context.

A map from one sample to the next, for time series without a vector field. The public code compares the output at time t
with the observation at time t, which teacher forcing has put into its input; here a step is compared with the next
sample, always.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from simplatform.errors import ConfigError
from simplatform.policies.dynamics.reconstruction.experts.base import Expert, VectorField, shared


class SHPLRNN(Expert):
    """``z' = A z + W₁ relu(W₂ z + h₂) + h₁`` with A diagonal; all of these are ``θ = H [1; ξ]``.

    ``depth`` is ignored: the map has one hidden layer of ``width`` units.
    """

    discrete: ClassVar[bool] = True

    def __init__(self, experts: int, dim: int, width: int, depth: int, context: int, seen: int = 0) -> None:
        """Start at a slowly decaying map; the context's directions start small.

        Raises:
            ConfigError: it would have to read more than a state.
        """
        if seen:
            raise ConfigError("shplrnn maps vectors: for fields on a grid use geps, coda or ncf experts, or trunk")
        super().__init__(experts, dim, width, depth, context)
        shapes = {"a": (dim,), "down": (width, dim), "up": (dim, width), "h1": (dim,), "h2": (width,)}
        self.base, self.directions = nn.ParameterDict(), nn.ParameterDict()
        for name, shape in shapes.items():
            fan = shape[0] if len(shape) == 2 else dim
            self.base[name] = shared(experts, *shape, scale=0.5 * fan**-0.5)
            self.directions[name] = shared(experts, context, *shape, scale=0.2 * fan**-0.5)
        self.base["a"].data.fill_(0.9)

    def bind(self, chosen: Tensor, contexts: Tensor) -> VectorField:
        """Return the map of every row, ``(R, N, d)`` to ``(R, N, d)``."""
        weights = {
            name: base[chosen] + torch.einsum("rc,rc...->r...", contexts, self.directions[name][chosen])
            for name, base in self.base.items()
        }
        a, h1, h2 = (weights[name][:, None] for name in ("a", "h1", "h2"))

        def step(x: Tensor) -> Tensor:
            z = x / self.scale
            hidden = torch.relu(torch.baddbmm(h2, z, weights["up"]))
            return torch.baddbmm(h1 + a * z, hidden, weights["down"]) * self.rate

        return step
