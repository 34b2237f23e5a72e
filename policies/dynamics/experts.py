"""Vector fields that a context modulates, for many environments at once.

Each layer is that of GEPS (Koupaï et al., 2024, arXiv:2410.23889): ``W + A diag(ξ) B`` and ``b + C ξ``. Weights of all
experts are stacked, so that an environment's network is gathered from its expert first, and only that one is computed.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

Layers = list[tuple[Tensor, Tensor]]


class ExpertStack(nn.Module):
    """``experts`` networks of one shape: d → width → … → d, with swish activations."""

    def __init__(self, experts: int, dim: int, width: int, depth: int, context: int) -> None:
        """Make all experts start equal; only the data that is routed to them sets them apart."""
        super().__init__()
        sizes = [dim, *([width] * (depth - 1)), dim]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        self.left, self.right, self.shift = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        for inputs, outputs in pairwise(sizes):
            self.weights.append(_shared(experts, outputs, inputs, scale=inputs**-0.5))
            self.biases.append(_shared(experts, outputs, scale=inputs**-0.5))
            self.left.append(_shared(experts, outputs, context, scale=outputs**-0.5))
            self.right.append(_shared(experts, context, inputs, scale=context**-0.5))
            self.shift.append(_shared(experts, outputs, context, scale=outputs**-0.5))

    def modulate(self, chosen: Tensor, contexts: Tensor) -> Layers:
        """Return each environment's layers: ``chosen (E,)`` experts with ``contexts (E, c)``."""
        layers = []
        for weight, bias, left, right, shift in zip(
            self.weights, self.biases, self.left, self.right, self.shift, strict=True
        ):
            delta = torch.einsum("eoc,ec,eci->eoi", left[chosen], contexts, right[chosen])
            offset = torch.einsum("eoc,ec->eo", shift[chosen], contexts)
            layers.append((weight[chosen] + delta, bias[chosen] + offset))
        return layers


def field(layers: Layers, x: Tensor) -> Tensor:
    """Evaluate every environment's network on its states ``(E, N, d)``: one batched product per layer."""
    for index, (weight, bias) in enumerate(layers):
        x = torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))
        if index < len(layers) - 1:
            x = nn.functional.silu(x)
    return x


def _shared(experts: int, *shape: int, scale: float) -> nn.Parameter:
    one = (2 * torch.rand(*shape, dtype=torch.float64) - 1) * scale
    return nn.Parameter(one.expand(experts, *shape).clone())
