"""Encoder of an observation: point cloud, robot state, camera images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simplatform.policies.nn.encoders.image import ImageEncoder
from simplatform.policies.nn.encoders.pointcloud import PointCloudEncoder


class ObservationEncoder(nn.Module):
    """Clouds ``(n, N, C)`` and robot states ``(n, S)`` → ``(n, 128)``; the same in DP3, FlowPolicy and MP1.

    ``channels`` is C: 3 as published, more with colour, and 0 without a cloud, where the state alone is encoded. With
    ``cameras``, images ``(n, cameras, H, W, 3)`` add 64 features each; one encoder sees them all.
    """

    def __init__(self, state: int, channels: int = 3, cameras: int = 0) -> None:
        super().__init__()
        size = 64 if channels else 128
        self.features = 128 + ImageEncoder.features * cameras
        self.image = ImageEncoder() if cameras else None
        self.cloud = PointCloudEncoder(channels=channels) if channels else None
        self.state = nn.Sequential(nn.Linear(state, size), nn.ReLU(), nn.Linear(size, size))

    def forward(self, cloud: Tensor | None, state: Tensor, images: Tensor | None = None) -> Tensor:
        """Encode one observation per row; ``cloud`` and ``images`` are None where there are none."""
        encoded: Tensor = self.state(state)
        parts = [encoded] if self.cloud is None else [self.cloud(cloud), encoded]
        if self.image is not None and images is not None:
            parts.append(self.image(images.flatten(0, 1)).view(len(encoded), -1))
        return parts[0] if len(parts) == 1 else torch.cat(parts, 1)
