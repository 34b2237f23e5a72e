"""StNN-style predictor: gated structured layers over a delay window, and a head that is solved for.

After "A Low-complexity Structured Neural Network to Realize States of Dynamical Systems" (Aluvihare et al., 2025,
arXiv:2503.23697), whose body was not available: the architecture is our own reading of its abstract and of the same
group's structured networks, and none of its numbers is quoted.

With the generator at δ the layer hands on the window reversed, and the gate multiplies it with itself at equal times:
for a quadratic vector field the head then *is* an Adams–Bashforth method of order q. Training starts from there.

Where few delays are seen, or the field is no polynomial, layers of another ``width`` than the window's lift it: the
first one's blocks are rectangular, and all weights are still generators.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from simplatform.contracts import Signature
from simplatform.policies.predictors.increments import IncrementConfig, IncrementPredictor
from simplatform.policies.predictors.mlp import GELU_FLOPS
from simplatform.policies.structured import BlockHankel, Counts
from simplatform.policies.structured.counts import Kind
from simplatform.policies.structured.hankel import Init

Activation = Literal["gated", "rational", "gelu", "leaky-relu"]
PARTS = {"gated": 2, "rational": 3, "gelu": 1, "leaky-relu": 1}
"""Channels of a layer that make one channel of features."""
OPERATIONS = {"gated": 1, "rational": 4, "gelu": GELU_FLOPS, "leaky-relu": 1}
"""Operations of an activation, per number."""


class StNNConfig(IncrementConfig):
    """Settings of the StNN-style predictor."""

    blocks: int = Field(4, ge=1, description="channels of a layer, p")
    depth: int = Field(1, ge=1, description="structured layers")
    kind: Kind = Field("hankel", description="structure of the layers")
    width: int = Field(0, ge=0, description="length of a layer's channels; 0 = that of the window")
    activation: Activation = Field("gated", description="a·b; a·b / (1 + c²); or one of plain networks")
    init: Init = Field("delta", description="layers start near the exchange matrix, or at random")


class StNN(IncrementPredictor):
    """The last layer gives ``[a, a ⊙ b]`` to the head; the layers before it ``a + a ⊙ b`` to the next."""

    def __init__(self, config: StNNConfig, signature: Signature) -> None:
        super().__init__(config, signature)
        self.parts, p, n = PARTS[config.activation], config.blocks, config.width or config.delays
        shapes = [(self.layout.channels, config.delays), *[(p, n)] * (config.depth - 1)]
        self.layers = nn.ModuleList([self.make_layer(inputs, self.parts * p, q, n) for inputs, q in shapes])
        self.head = self.make_head((1 if self.parts == 1 else 2) * p * n)

    def make_layer(self, inputs: int, outputs: int, n: int, rows: int) -> nn.Module:
        """Return a layer ``(B, inputs, n) -> (B, outputs, rows)``."""
        return BlockHankel(inputs, outputs, n, rows=rows, kind=self.config.kind, init=self.config.init).double()

    def features(self, x: Tensor) -> Tensor:
        """Return the features of windows ``(B, channels, q)``: ``(B, 2 p n)``, or ``(B, p n)`` without a gate."""
        for layer in self.layers[:-1]:
            linear, product = self._gate(layer(x))
            x = linear if product is None else linear + product
        linear, product = self._gate(self.layers[-1](x))
        return (linear if product is None else torch.cat([linear, product], dim=1)).flatten(1)

    def feature_counts(self) -> Counts:
        """Count layers by the cheaper of transforms and dense products, and their activations."""
        total = Counts(0, 0)
        for layer in self.layers:
            ways = [layer.counts(), layer.counts(mode="gemm")]
            numbers = self.config.blocks * (self.config.width or self.config.delays)
            total += min(ways, key=lambda way: way.flops) + Counts(0, OPERATIONS[self.config.activation] * numbers)
        return total

    def _gate(self, y: Tensor) -> tuple[Tensor, Tensor | None]:
        if self.parts == 1:
            plain = nn.functional.gelu if self.config.activation == "gelu" else nn.functional.leaky_relu
            return plain(y), None
        a, b, *rest = y.chunk(self.parts, dim=1)
        product = a * b
        return a, product / (1 + rest[0].square()) if rest else product
