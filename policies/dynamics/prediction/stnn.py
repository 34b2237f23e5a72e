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

from torch import Tensor

from simplatform.contracts import Signature
from simplatform.policies.dynamics.prediction.gates import GateConfig, GatedLayers
from simplatform.policies.dynamics.prediction.increments import IncrementConfig, IncrementPredictor
from simplatform.policies.nn.structured import Counts


class StNNConfig(GateConfig, IncrementConfig):
    """Settings of the StNN-style predictor."""


class StNN(IncrementPredictor):
    """The features are those of gated structured layers."""

    def __init__(self, config: StNNConfig, signature: Signature) -> None:
        super().__init__(config, signature)
        self.gates = self.make_gates(config)
        self.head = self.make_head(self.gates.size)

    def make_gates(self, config: StNNConfig) -> GatedLayers:
        """Return the layers."""
        return GatedLayers(self.layout.channels, self.layout.length, config)

    def features(self, x: Tensor) -> Tensor:
        """Return the features of windows ``(B, channels, q)``: ``(B, 2 p n)``, or ``(B, p n)`` without a gate."""
        features: Tensor = self.gates(x)
        return features

    def feature_counts(self) -> Counts:
        """Count the layers and their activations."""
        return self.gates.counts()
