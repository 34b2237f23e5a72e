"""StNN-style predictor: gated structured layers over a delay window, and a head that is solved for.

After "A Low-complexity Structured Neural Network to Realize States of Dynamical Systems" (Aluvihare et al., 2025,
arXiv:2503.23697), whose body was not available: the architecture is our own reading of its abstract and of the same
group's structured networks, and none of its numbers is quoted.

With the generator at δ the layer hands on the window reversed, and the gate multiplies it with itself at equal times:
for a quadratic vector field the head then *is* an Adams–Bashforth method of order q. Training starts from there.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from simplatform.contracts import Signature
from simplatform.policies.predictors.increments import IncrementConfig, IncrementPredictor
from simplatform.policies.structured import BlockHankel, Counts
from simplatform.policies.structured.counts import Kind

Activation = Literal["gated", "rational", "leaky-relu"]


class StNNConfig(IncrementConfig):
    """Settings of the StNN-style predictor."""

    blocks: int = Field(4, ge=1, description="channels of a layer, p")
    depth: int = Field(1, ge=1, description="structured layers")
    kind: Kind = Field("hankel", description="structure of the layers")
    activation: Activation = Field("gated", description="a·b; a·b / (1 + c²); or leaky ReLU, as in plain networks")


class StNN(IncrementPredictor):
    """The last layer gives ``[a, a ⊙ b]`` to the head; the layers before it ``a + a ⊙ b`` to the next."""

    def __init__(self, config: StNNConfig, signature: Signature) -> None:
        super().__init__(config, signature)
        self.parts = {"gated": 2, "rational": 3, "leaky-relu": 1}[config.activation]
        p, q = config.blocks, config.delays
        inputs = [self.layout.channels, *[p] * (config.depth - 1)]
        self.layers = nn.ModuleList([self.make_layer(size, self.parts * p, q) for size in inputs])
        self.head = self.make_head((1 if config.activation == "leaky-relu" else 2) * p * q)

    def make_layer(self, inputs: int, outputs: int, n: int) -> nn.Module:
        """Return a layer ``(B, inputs, n) -> (B, outputs, n)``."""
        return BlockHankel(inputs, outputs, n, kind=self.config.kind).double()

    def features(self, x: Tensor) -> Tensor:
        """Return the features ``(B, 2 p q)`` of windows ``(B, channels, q)``."""
        for layer in self.layers[:-1]:
            linear, product = self._gate(layer(x))
            x = linear if product is None else linear + product
        linear, product = self._gate(self.layers[-1](x))
        return (linear if product is None else torch.cat([linear, product], dim=1)).flatten(1)

    def feature_counts(self) -> Counts:
        """Count layers by the cheaper of transforms and dense products, and one operation per gate."""
        total = Counts(0, 0)
        for layer in self.layers:
            ways = [layer.counts(), layer.counts(mode="gemm")]
            gates = {1: 1, 2: 1, 3: 4}[self.parts] * self.config.blocks * self.config.delays
            total += min(ways, key=lambda way: way.flops) + Counts(0, gates)
        return total

    def _gate(self, y: Tensor) -> tuple[Tensor, Tensor | None]:
        if self.parts == 1:
            return nn.functional.leaky_relu(y), None
        a, b, *rest = y.chunk(self.parts, dim=1)
        product = a * b
        return a, product / (1 + rest[0].square()) if rest else product
