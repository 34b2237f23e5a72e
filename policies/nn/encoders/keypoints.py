"""Keypoints of a cloud: weighted means of its points, the weights learned."""

from __future__ import annotations

from torch import Tensor, nn


class KeypointEncoder(nn.Module):
    """``(n, N, C)`` → ``(n, 3 K)``: K places, each the mean of all points under weights that each point's score gives.

    A perceptron scores every point for every keypoint; a softmax over points makes weights of the scores. Where a
    maximum over features must tell an object's place by thresholds, a mean of coordinates is the place itself, and
    moves with the object. The spatial softmax of image policies (Levine et al., 2016, arXiv:1504.00702), on points.
    """

    def __init__(self, keypoints: int, width: int = 64, channels: int = 3) -> None:
        super().__init__()
        self.score = nn.Sequential(
            nn.Linear(channels, width), nn.LayerNorm(width), nn.ReLU(),
            nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, keypoints),
        )  # fmt: skip

    def forward(self, points: Tensor) -> Tensor:
        """Return the keypoints of clouds, x, y, z of one after another."""
        weights = self.score(points).softmax(1)
        places: Tensor = weights.transpose(1, 2) @ points[..., :3]
        return places.flatten(1)
