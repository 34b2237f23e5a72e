"""A shared trunk with low-rank differences: experts that have nearly everything in common."""

from __future__ import annotations

from torch import Tensor, nn

from simplatform.policies.dynamics.reconstruction.experts.base import Expert, Network, VectorField, shared, sizes_of

RANK = 4


class Trunk(Expert):
    """GEPS layers whose expert m is ``W + D_m U_m`` of rank 4 with a bias of its own; W belongs to all.

    A mixture of separate experts shows each of them only its own share of the data, and loses where all data is
    related. Here all data trains W, and what an expert has of its own is too small to overfit.
    """

    separate = False

    def __init__(self, experts: int, dim: int, width: int, depth: int, context: int, seen: int = 0) -> None:
        """Draw the trunk; the differences start at zero."""
        super().__init__(experts, dim, width, depth, context, seen)
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        self.down, self.up = nn.ParameterList(), nn.ParameterList()
        self.left, self.right, self.shift = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        for inputs, outputs in sizes_of(dim, width, depth, seen):
            self.weights.append(shared(1, inputs, outputs, scale=inputs**-0.5))
            self.biases.append(shared(experts, outputs, scale=inputs**-0.5))
            self.down.append(shared(experts, inputs, RANK, scale=inputs**-0.5))
            self.up.append(shared(experts, RANK, outputs, scale=0.0))
            self.left.append(shared(1, context, outputs, scale=outputs**-0.5))
            self.right.append(shared(1, inputs, context, scale=max(context, 1) ** -0.5))
            self.shift.append(shared(1, context, outputs, scale=outputs**-0.5))

    def bind(self, chosen: Tensor, contexts: Tensor) -> VectorField:
        """Add differences and modulation to the trunk for every row."""
        layers = []
        for k in range(len(self.weights)):
            modulated = (self.right[k] * contexts[:, None]) @ self.left[k]
            weight = self.weights[k] + modulated + self.down[k][chosen] @ self.up[k][chosen]
            layers.append((self.biases[k][chosen][:, None] + (contexts @ self.shift[k][0])[:, None], weight))
        return Network(self._in_units(layers))
