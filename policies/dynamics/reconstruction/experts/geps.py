"""GEPS (Koupaï et al., 2024, arXiv:2410.23889): each layer is ``W + A diag(ξ) B`` and ``b + C ξ``."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simplatform.policies.dynamics.reconstruction.experts.base import Expert, Network, VectorField, shared, sizes_of


class GEPS(Expert):
    """Low-rank modulation of all layers; the rank is the size of the context. Without a context it is a plain MLP."""

    def __init__(self, experts: int, dim: int, width: int, depth: int, context: int, seen: int = 0) -> None:
        """Draw the weights."""
        super().__init__(experts, dim, width, depth, context, seen)
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        self.left, self.right, self.shift = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        for inputs, outputs in sizes_of(dim, width, depth, seen):
            self.weights.append(shared(experts, inputs, outputs, scale=inputs**-0.5))
            self.biases.append(shared(experts, outputs, scale=inputs**-0.5))
            self.left.append(shared(experts, context, outputs, scale=outputs**-0.5))
            self.right.append(shared(experts, inputs, context, scale=max(context, 1) ** -0.5))
            self.shift.append(shared(experts, context, outputs, scale=outputs**-0.5))

    def bind(self, chosen: Tensor, contexts: Tensor) -> VectorField:
        """Modulate the layers of every row."""
        layers = []
        for parts in zip(self.weights, self.biases, self.left, self.right, self.shift, strict=True):
            weight, bias, left, right, shift = (part[chosen] for part in parts)
            weight = torch.baddbmm(weight, right * contexts[:, None], left)
            layers.append((torch.baddbmm(bias[:, None], contexts[:, None], shift), weight))
        return Network(self._in_units(layers))
