"""Encoder of an observation: point cloud and robot state."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simplatform.policies.nn.encoders.pointcloud import PointCloudEncoder


class ObservationEncoder(nn.Module):
    """Clouds ``(n, N, 3)`` and robot states ``(n, S)`` → ``(n, 128)``; the same in DP3, FlowPolicy and MP1."""

    features = 128

    def __init__(self, state: int) -> None:
        super().__init__()
        self.cloud = PointCloudEncoder()
        self.state = nn.Sequential(nn.Linear(state, 64), nn.ReLU(), nn.Linear(64, 64))

    def forward(self, cloud: Tensor, state: Tensor) -> Tensor:
        """Encode one observation per row."""
        return torch.cat([self.cloud(cloud), self.state(state)], 1)
