"""A perceptron over the delay window, trained exactly as the structured predictor is: same increments, same head."""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field
from torch import Tensor, nn

from simplatform.contracts import Signature
from simplatform.policies.dynamics.prediction.gates import GELU_FLOPS
from simplatform.policies.dynamics.prediction.increments import IncrementConfig, IncrementPredictor
from simplatform.policies.nn.structured import Counts, dense_counts


class MLPConfig(IncrementConfig):
    """Settings of the perceptron."""

    delays: int = Field(1, ge=1, description="states in the delay window, q; 1 = the newest state alone")
    width: int = Field(128, ge=1, description="hidden units of a layer")
    depth: int = Field(2, ge=1, description="hidden layers")


class MLP(IncrementPredictor):
    """Hidden layers with GELU; the last one's activations are the features that the head is solved on."""

    def __init__(self, config: MLPConfig, signature: Signature) -> None:
        super().__init__(config, signature)
        sizes = [self.layout.channels * self.layout.length, *[config.width] * config.depth]
        layers = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.GELU())]
        self.hidden = nn.Sequential(*layers).double()
        self.head = self.make_head(config.width)

    def features(self, x: Tensor) -> Tensor:
        """Return the last hidden layer ``(B, width)``."""
        answer: Tensor = self.hidden(x.flatten(1))
        return answer

    def feature_counts(self) -> Counts:
        """Count the hidden layers, with 8 operations per GELU."""
        total = Counts(0, 0)
        for layer in self.hidden:
            if isinstance(layer, nn.Linear):
                total += dense_counts(layer.in_features, layer.out_features, bias=True)
                total += Counts(0, GELU_FLOPS * layer.out_features)
        return total
