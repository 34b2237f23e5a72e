"""Gated structured layers over a window, usually of delays: the features of the StNN-style predictors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from simplatform.policies.nn.structured import BlockHankel, CountedLayer, Counts
from simplatform.policies.nn.structured.counts import Kind
from simplatform.policies.nn.structured.hankel import Init
from simplatform.policies.nn.typed import ModuleList
from simplatform.recipes.config import Config

GELU_FLOPS = 8
Activation = Literal["gated", "rational", "gelu", "leaky-relu"]
PARTS = {"gated": 2, "rational": 3, "gelu": 1, "leaky-relu": 1}
"""Channels of a layer that make one channel of features."""
OPERATIONS = {"gated": 1, "rational": 4, "gelu": GELU_FLOPS, "leaky-relu": 1}
"""Operations of an activation, per number."""
MakeLayer = Callable[[int, int, int, int], CountedLayer]


class GateConfig(Config):
    """Settings of gated structured layers."""

    blocks: int = Field(4, ge=1, description="channels of a layer, p")
    depth: int = Field(1, ge=1, description="structured layers")
    kind: Kind = Field("hankel", description="structure of the layers")
    width: int = Field(0, ge=0, description="length of a layer's channels; 0 = that of the window")
    activation: Activation = Field("gated", description="a·b; a·b / (1 + c²); or one of plain networks")
    init: Init = Field("delta", description="layers start near the exchange matrix, or at random")


class GatedLayers(nn.Module):
    """The last layer gives ``[a, a ⊙ b]``; the layers before it hand on ``a + a ⊙ b``."""

    def __init__(self, channels: int, length: int, config: GateConfig, make_layer: MakeLayer | None = None) -> None:
        """Make the layers for windows ``(B, channels, length)``; ``size`` says how many features they give."""
        super().__init__()
        self.config, self.parts = config, PARTS[config.activation]
        p, n = config.blocks, config.width or length
        make, shapes = make_layer or self._structured, [(channels, length), *[(p, n)] * (config.depth - 1)]
        self.layers: ModuleList[CountedLayer] = ModuleList([make(inputs, self.parts * p, q, n) for inputs, q in shapes])
        self.numbers, self.size = p * n, (1 if self.parts == 1 else 2) * p * n

    def forward(self, x: Tensor) -> Tensor:
        """Return features ``(B, 2 p n)`` of windows ``(B, channels, q)``; ``(B, p n)`` without a gate."""
        *inner, last = self.layers
        for layer in inner:
            linear, product = self._gate(layer(x))
            x = linear if product is None else linear + product
        linear, product = self._gate(last(x))
        return (linear if product is None else torch.cat([linear, product], dim=1)).flatten(1)

    def counts(self) -> Counts:
        """Count layers by the cheaper of transforms and dense products, and their activations."""
        total = Counts(0, 0)
        for layer in self.layers:
            ways = [layer.counts(), layer.counts(mode="gemm")]
            total += min(ways, key=lambda way: way.flops)
            total += Counts(0, OPERATIONS[self.config.activation] * self.numbers)
        return total

    def _structured(self, inputs: int, outputs: int, n: int, rows: int) -> CountedLayer:
        return BlockHankel(inputs, outputs, n, rows=rows, kind=self.config.kind, init=self.config.init).double()

    def _gate(self, y: Tensor) -> tuple[Tensor, Tensor | None]:
        if self.parts == 1:
            plain = nn.functional.gelu if self.config.activation == "gelu" else nn.functional.leaky_relu
            return plain(y), None
        a, b, *rest = y.chunk(self.parts, dim=1)
        product = a * b
        return a, product / (1 + rest[0].square()) if rest else product
