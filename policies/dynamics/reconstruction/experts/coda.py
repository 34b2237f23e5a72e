"""CoDA (Kirchmeyer et al., 2022, arXiv:2202.01889): all weights move linearly with the context, ``θ = θ₀ + H ξ``."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simplatform.policies.dynamics.reconstruction.experts.base import Expert, Network, VectorField, shared, sizes_of


class CoDA(Expert):
    """The hypernetwork without bias: c times as many parameters again as the network has."""

    def __init__(self, experts: int, dim: int, width: int, depth: int, context: int, seen: int = 0) -> None:
        """Draw the weights; the directions start a tenth as long as the weights."""
        super().__init__(experts, dim, width, depth, context, seen)
        self.weights, self.directions = nn.ParameterList(), nn.ParameterList()
        for inputs, outputs in sizes_of(dim, width, depth, seen):
            self.weights.append(shared(experts, inputs + 1, outputs, scale=inputs**-0.5))
            self.directions.append(shared(experts, context, inputs + 1, outputs, scale=0.1 * inputs**-0.5))

    def bind(self, chosen: Tensor, contexts: Tensor) -> VectorField:
        """Move the weights of every row; the last input row of each is its bias."""
        layers = []
        for weights, directions in zip(self.weights, self.directions, strict=True):
            moved = weights[chosen] + torch.einsum("rc,rcio->rio", contexts, directions[chosen])
            layers.append((moved[:, -1:], moved[:, :-1]))
        return Network(self._in_units(layers))
