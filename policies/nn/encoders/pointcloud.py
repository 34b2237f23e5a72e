"""Point-cloud encoder of DP3: one perceptron per point, then the maximum over points."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from simplatform.policies.nn.encoders.maxpool import Layer, pooled_perceptron
from simplatform.policies.nn.typed import ModuleList


class PointCloudEncoder(nn.Module):
    """``(n, N, 3)`` → ``(n, features)``, whatever the order of the points.

    Each point passes Linear, LayerNorm, ReLU per width; the maximum over points passes Linear, LayerNorm.
    Source: Ze et al., 2024 (DP3, arXiv:2403.03954), section III-B.
    """

    def __init__(self, widths: Sequence[int] = (64, 128, 256), features: int = 64, channels: int = 3) -> None:
        super().__init__()
        sizes = [channels, *widths]
        self.layers: ModuleList[nn.Linear] = ModuleList(nn.Linear(a, b) for a, b in zip(sizes, widths, strict=False))
        self.norms: ModuleList[nn.LayerNorm] = ModuleList(nn.LayerNorm(b) for b in widths)
        self.projection = nn.Linear(widths[-1], features)
        self.norm = nn.LayerNorm(features)

    def forward(self, points: Tensor) -> Tensor:
        """Encode clouds ``(n, N, 3)``."""
        parts = zip(self.layers, self.norms, strict=True)
        layers = [Layer(layer.weight, layer.bias, norm.weight, norm.bias) for layer, norm in parts]
        answer: Tensor = self.norm(self.projection(pooled_perceptron(points, layers)))
        return answer
