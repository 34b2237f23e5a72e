"""The dense twin of the structured predictor: the same network with ordinary matrices in place of structured ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simplatform.policies.dynamics.prediction.gates import GatedLayers
from simplatform.policies.dynamics.prediction.stnn import StNN, StNNConfig
from simplatform.policies.nn.structured import CountedLayer, Counts, dense_counts
from simplatform.policies.nn.structured.hankel import Init


class DenseTwinConfig(StNNConfig):
    """Settings of the dense twin: those of the structured predictor; ``kind`` plays no part."""


class DenseBlocks(CountedLayer):
    """``(B, p_in, n)`` → ``(B, p_out, rows)`` by one free matrix per pair of channels; "delta" is near the exchange."""

    def __init__(self, p_in: int, p_out: int, n: int, rows: int, init: Init) -> None:
        super().__init__()
        weight = torch.randn(p_out, p_in, rows, n) / (p_in * n) ** 0.5
        if init == "delta":
            index = torch.arange(p_out)
            weight = 0.1 * weight
            weight[index, index % p_in] += torch.eye(rows, n).flip(1)
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(torch.zeros(p_out, rows))

    def forward(self, x: Tensor) -> Tensor:
        """Apply all matrices."""
        return torch.einsum("oikj,bij->bok", self.weight, x) + self.bias

    def counts(self, *, mode: str = "gemm") -> Counts:
        """Count a dense map of all channels."""
        p_out, p_in, rows, n = self.weight.shape
        return dense_counts(p_in * n, p_out * rows, bias=True)


class DenseTwin(StNN):
    """What structure costs or saves: everything but the matrices is the structured predictor's."""

    def make_gates(self, config: StNNConfig) -> GatedLayers:
        """Return dense layers."""

        def dense(inputs: int, outputs: int, n: int, rows: int) -> CountedLayer:
            return DenseBlocks(inputs, outputs, n, rows, config.init).double()

        return GatedLayers(self.layout.channels, self.layout.length, config, dense)
