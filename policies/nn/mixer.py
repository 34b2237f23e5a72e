"""A mixer of action chunks: perceptrons along time and along channels in turn, modulated by the condition."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simplatform.policies.nn.typed import ModuleList
from simplatform.policies.nn.unet.embedding import TimeEmbedding


class ChunkMixer(nn.Module):
    """``(B, T, A)``, times and a condition ``(B, G)`` → ``(B, T, A)``.

    MLP-Mixer (Tolstikhin et al., 2021, arXiv:2105.01601) over the steps of a chunk, each half of a block with scale,
    shift and gate from the condition as in DiT (Peebles & Xie, 2023, arXiv:2212.09748): the decoder that Hydra-DP3
    (arXiv:2605.01581) puts in the place of DP3's U-Net.
    """

    def __init__(
        self, action: int, horizon: int, condition: int, *, width: int = 128, blocks: int = 4, times: int = 0
    ) -> None:
        """Build the network; ``times`` is how many times it takes, whose embeddings are added."""
        super().__init__()
        self.inlet = nn.Linear(action, width)
        self.place = nn.Parameter(0.02 * torch.randn(horizon, width))
        self.condition = nn.Sequential(nn.Linear(condition, 2 * width), nn.Mish(), nn.Linear(2 * width, width))
        self.times: ModuleList[TimeEmbedding] = ModuleList(TimeEmbedding(width, 100.0) for _ in range(times))
        self.blocks: ModuleList[MixerBlock] = ModuleList(MixerBlock(horizon, width) for _ in range(blocks))
        self.modulation = nn.Linear(width, 6 * width * blocks)
        self.norm = nn.LayerNorm(width)
        self.outlet = nn.Linear(width, action)

    def forward(self, x: Tensor, times: tuple[Tensor, ...], condition: Tensor) -> Tensor:
        """Map a chunk ``(B, T, A)`` at times ``(B,)`` each."""
        told = self.condition(condition)
        for embedding, time in zip(self.times, times, strict=True):
            told = told + embedding(time)
        parts = self.modulation(F.mish(told))[:, None].chunk(len(self.blocks), 2)
        h = self.inlet(x) + self.place
        for block, part in zip(self.blocks, parts, strict=True):
            h = block(h, part)
        answer: Tensor = self.outlet(self.norm(h))
        return answer


class MixerBlock(nn.Module):
    """A perceptron along time, then one along channels, each around a layer norm and added to its input."""

    def __init__(self, steps: int, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.along_time = nn.Sequential(nn.Linear(steps, 4 * steps), nn.GELU(), nn.Linear(4 * steps, steps))
        self.along_channels = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """Map ``(B, T, C)`` under a modulation ``(B, 1, 6 C)``."""
        scale, shift, gate, scale2, shift2, gate2 = modulation.chunk(6, 2)
        mixed = self.along_time((self.first(x) * (1 + scale) + shift).transpose(1, 2)).transpose(1, 2)
        x = x + (1 + gate) * mixed
        answer: Tensor = x + (1 + gate2) * self.along_channels(self.second(x) * (1 + scale2) + shift2)
        return answer
