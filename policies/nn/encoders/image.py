"""Encoder of camera images, small enough to be trained from scratch on a few demonstrations."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

GROUPS = 8


class ImageEncoder(nn.Module):
    """``(n, H, W, 3)`` bytes → ``(n, 64)``: three convolutions, a spatial softmax, a linear layer.

    The spatial softmax gives the mean place of each channel's activation (Levine et al., 2016, arXiv:1504.00702), and
    group norm stands where batch norm would, for weights are averaged over steps (Chi et al., 2023, arXiv:2303.04137,
    both choices). The first layer is Nature DQN's: 8 × 8, a stride of 4.
    """

    features = 64

    def __init__(self, keypoints: int = 32) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 32, 8, 4, 2), nn.GroupNorm(GROUPS, 32), nn.ReLU(),
            nn.Conv2d(32, 64, 3, 2, 1), nn.GroupNorm(GROUPS, 64), nn.ReLU(),
            nn.Conv2d(64, 64, 3, 1, 1), nn.GroupNorm(GROUPS, 64), nn.ReLU(), nn.Conv2d(64, keypoints, 1),
        )  # fmt: skip
        self.projection = nn.Linear(2 * keypoints, self.features)
        self.norm = nn.LayerNorm(self.features)

    def forward(self, images: Tensor) -> Tensor:
        """Encode images."""
        weight = self.projection.weight
        answer: Tensor = self.norm(self.projection(places(self.layers(normalised(images).to(weight)))))
        return answer


def normalised(images: Tensor) -> Tensor:
    """Return bytes ``(n, H, W, 3)`` as ``(n, 3, H, W)`` in [−1, 1]."""
    return images.permute(0, 3, 1, 2).float() / 127.5 - 1.0


def places(maps: Tensor) -> Tensor:
    """Return the mean place of each map's softmax, x and y in [−1, 1]: ``(n, K, H, W)`` → ``(n, 2 K)``."""
    height, width = maps.shape[-2:]
    weights = maps.flatten(2).softmax(-1).view(maps.shape)
    x = torch.linspace(-1, 1, width, device=maps.device, dtype=maps.dtype)
    y = torch.linspace(-1, 1, height, device=maps.device, dtype=maps.dtype)
    return torch.cat([(weights.sum(2) * x).sum(-1), (weights.sum(3) * y).sum(-1)], 1)


def moved_at_random(images: Tensor, most: int, *, generator: Generator) -> Tensor:
    """Return windows of images ``(B, T, V, H, W, 3)``, each moved by at most ``most`` pixels, its edge repeated.

    All images of a window are moved alike. Source: Kostrikov et al., 2020 (DrQ, arXiv:2004.13649).
    """
    height, width = images.shape[3:5]
    shift = torch.randint(-most, most + 1, (2, len(images), 1), generator=generator, device=images.device)
    rows = (torch.arange(height, device=images.device) + shift[0]).clamp(0, height - 1)
    columns = (torch.arange(width, device=images.device) + shift[1]).clamp(0, width - 1)
    batch = torch.arange(len(images), device=images.device)
    found = images[batch[:, None, None], :, :, rows[:, :, None], columns[:, None, :]]  # (B, H, W, T, V, 3)
    return found.permute(0, 3, 4, 1, 2, 5)
