"""A transformer that denoises latent trajectories, told by a level and a context (Text2PDE: Zhou et al., 2024,
arXiv:2410.01153; blocks of DiT: Peebles & Xie, 2022, arXiv:2212.09748).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from simplatform.policies.fields.networks.latent_grid import convolution

FREQUENCIES = 256
EPSILON = 1e-6


class LatentTransformer(nn.Module):
    """Noised latents ``(B, C, *size)``, levels ``(B,)`` and context tokens ``(B, L, context)`` → ``(B, C, *size)``.

    The mask of the context counts in its mean alone: attention sees padding as well, as the official model does.
    """

    def __init__(
        self,
        size: Sequence[int],
        channels: int,
        context: int,
        patch: Sequence[int] = (1, 2, 2),
        width: int = 512,
        depth: int = 24,
        heads: int = 8,
        ratio: float = 4.0,
    ) -> None:
        """Set the sizes; the defaults are those of the small published model.

        Raises:
            ValueError: patches do not divide the latents.
        """
        super().__init__()
        if any(n % p for n, p in zip(size, patch, strict=True)):
            raise ValueError(f"patches {tuple(patch)} do not divide latents of {tuple(size)}")
        self.channels, self.patch = channels, tuple(patch)
        self.grid = tuple(n // p for n, p in zip(size, patch, strict=True))
        self.x_embedder = _Patches(channels, width, self.patch)
        self.pos_embed = nn.Parameter(sine_table(self.grid, width)[None])
        self.t_embedder = _Level(width)
        self.y_embedder = nn.Sequential(nn.Linear(context, width), nn.SiLU(), nn.Linear(width, width // 2))
        self.blocks = nn.ModuleList(_Block(width, heads, ratio, context) for _ in range(depth))
        self.final_layer = _Final(width, math.prod(self.patch) * channels)
        self.apply(_start)
        for layer in (*self.t_embedder.mlp, *self.y_embedder):
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.02)
        for module in self.modules():
            if isinstance(module, _Block | _Final):
                _zero(module.adaLN_modulation[1])
        _zero(self.final_layer.linear)

    def forward(self, x: Tensor, level: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what is predicted of the latents; ``mask (B, L)`` is true for tokens that count."""
        tokens = self.x_embedder(x) + self.pos_embed
        told = torch.cat((self.t_embedder(level), self.y_embedder(_mean(context, mask))), 1)
        for block in self.blocks:
            tokens = block(tokens, told, context)
        return self._joined(self.final_layer(tokens, told))

    def _joined(self, tokens: Tensor) -> Tensor:
        dim = len(self.grid)
        parts = tokens.unflatten(1, self.grid).unflatten(-1, (*self.patch, self.channels))
        pairs = [axis for index in range(dim) for axis in (1 + index, 1 + dim + index)]
        joined: Tensor = parts.permute(0, 1 + 2 * dim, *pairs)
        for axis in range(dim):
            joined = joined.flatten(2 + axis, 3 + axis)
        return joined


class _Patches(nn.Module):
    def __init__(self, channels: int, width: int, patch: Sequence[int]) -> None:
        super().__init__()
        self.proj = convolution(len(patch))(channels, width, tuple(patch), tuple(patch))

    def forward(self, x: Tensor) -> Tensor:
        tokens: Tensor = self.proj(x).flatten(2).transpose(1, 2)
        return tokens


class _Level(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(FREQUENCIES, width // 2), nn.SiLU(), nn.Linear(width // 2, width // 2))

    def forward(self, level: Tensor) -> Tensor:
        found: Tensor = self.mlp(waves(level))
        return found


class _Perceptron(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.fc2(nn.functional.gelu(self.fc1(x), approximate="tanh"))
        return found


class _Block(nn.Module):
    """Attention and a perceptron that the conditions scale, shift and gate; attention to the context between them."""

    def __init__(self, width: int, heads: int, ratio: float, context: int) -> None:
        super().__init__()
        self.attn, self.cross_attn = _Attention(width, heads), _CrossAttention(width, heads, context)
        self.mlp = _Perceptron(width, int(width * ratio))
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x: Tensor, told: Tensor, context: Tensor) -> Tensor:
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = self.adaLN_modulation(told)[:, None].chunk(6, -1)
        x = x + gate * self.attn(_normal(x) * (1 + scale) + shift)
        x = x + self.cross_attn(_normal(x), context)
        found: Tensor = x + gate_mlp * self.mlp(_normal(x) * (1 + scale_mlp) + shift_mlp)
        return found


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        found: Tensor = self.proj(nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return found


class _CrossAttention(nn.Module):
    def __init__(self, width: int, heads: int, context: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k, self.to_v = nn.Linear(context, width, bias=False), nn.Linear(context, width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.to_q(x), self.to_k(context), self.to_v(context))
        )
        found: Tensor = self.to_out(nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return found


class _Final(nn.Module):
    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, outputs)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation(told)[:, None].chunk(2, -1)
        found: Tensor = self.linear(_normal(x) * (1 + scale) + shift)
        return found


def waves(level: Tensor) -> Tensor:
    """Return cosines and sines ``(B, FREQUENCIES)`` of levels at frequencies from 1 down to 10⁻⁴."""
    half = FREQUENCIES // 2
    rates = torch.exp(-math.log(10000) * torch.arange(half, device=level.device) / half)
    angles = level[:, None].float() * rates
    return torch.cat((angles.cos(), angles.sin()), 1)


def sine_table(grid: Sequence[int], width: int) -> Tensor:
    """Return sines and cosines of the places of a grid, an even part of the width for each axis: ``(cells, width)``."""
    each = width // (2 * len(grid))
    rates = 10000.0 ** (-torch.arange(each) / max(each, 1))
    places = torch.meshgrid(*(torch.arange(n) for n in grid), indexing="ij")
    angles = torch.cat([place.reshape(-1, 1) * rates for place in places], 1)
    table = torch.cat((angles.sin(), angles.cos()), 1)
    return nn.functional.pad(table, (0, width - table.shape[1]))


def _mean(context: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return context.mean(1)
    counted = mask.to(context.dtype)[..., None]
    mean: Tensor = (context * counted).sum(1) / counted.sum(1).clamp_min(1)
    return mean


def _normal(x: Tensor) -> Tensor:
    return nn.functional.layer_norm(x, x.shape[-1:], eps=EPSILON)


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _zero(layer: nn.Module) -> None:
    assert isinstance(layer, nn.Linear)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
