"""Encoder of an observation: point cloud and robot state."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simplatform.policies.nn.encoders.pointcloud import PointCloudEncoder


class ObservationEncoder(nn.Module):
    """Clouds ``(n, N, C)`` and robot states ``(n, S)`` → ``(n, 128)``; the same in DP3, FlowPolicy and MP1.

    ``channels`` is C: 3 as published, more with colour, and 0 without a cloud, where the state alone is encoded.
    """

    features = 128

    def __init__(self, state: int, channels: int = 3) -> None:
        super().__init__()
        size = 64 if channels else self.features
        self.cloud = PointCloudEncoder(channels=channels) if channels else None
        self.state = nn.Sequential(nn.Linear(state, size), nn.ReLU(), nn.Linear(size, size))

    def forward(self, cloud: Tensor | None, state: Tensor) -> Tensor:
        """Encode one observation per row; ``cloud`` is None where there is none."""
        encoded: Tensor = self.state(state)
        return encoded if self.cloud is None else torch.cat([self.cloud(cloud), encoded], 1)
