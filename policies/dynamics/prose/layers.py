"""Transformer layers of PROSE: post-norm, masked, with the official modules' names.

Every norm has ε = 1e-12, the feed-forward part is four times as wide with the exact GELU, and padded positions are zero
after every layer (felix-lyx/prose, prose_ode).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-12
LONGEST = 512


class Attention(nn.Module):
    """Multi-head attention ``(B, L, d)`` to ``(B, M, d)``; ``kept (B, M)`` says which of the latter are there."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x: Tensor, to: Tensor, kept: Tensor | None = None, *, causal: bool = False) -> Tensor:
        """Attend; ``causal`` looks at no later position."""
        own = self.attn
        query, key, value = (
            functional.linear(part, weight, bias).unflatten(-1, (own.num_heads, -1)).transpose(1, 2)
            for part, weight, bias in zip(
                (x, to, to), own.in_proj_weight.chunk(3), own.in_proj_bias.chunk(3), strict=True
            )
        )
        mask = None if kept is None else kept[:, None, None]
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)
        answer: Tensor = own.out_proj(found.transpose(1, 2).flatten(2))
        return answer


class FeedForward(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.lin1, self.lin2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Apply to ``(..., d)``."""
        answer: Tensor = self.lin2(functional.gelu(self.lin1(x)))
        return answer


class Stack(nn.Module):
    """Layers of attention and feed-forward; ``crossed`` ones attend to a source as well, or only to it."""

    def __init__(self, dim: int, heads: int, layers: int, *, inner: bool = True, crossed: bool = False) -> None:
        super().__init__()
        self.layer_norm_emb = nn.LayerNorm(dim, eps=EPSILON)
        self.attentions = nn.ModuleList(Attention(dim, heads) for _ in range(layers))
        self.layer_norm1, self.layer_norm2 = (
            nn.ModuleList(nn.LayerNorm(dim, eps=EPSILON) for _ in range(layers)) for _ in range(2)
        )
        self.ffns = nn.ModuleList(FeedForward(dim) for _ in range(layers))
        self.inner = inner
        if inner and crossed:
            self.encoder_attn = nn.ModuleList(Attention(dim, heads) for _ in range(layers))
            self.layer_norm15 = nn.ModuleList(nn.LayerNorm(dim, eps=EPSILON) for _ in range(layers))
        self.crossed = crossed

    def forward(
        self, x: Tensor, kept: Tensor | None = None, source: Tensor | None = None, there: Tensor | None = None
    ) -> Tensor:
        """Return ``(B, L, d)``; ``kept (B, L)`` are positions that are there, ``there (B, M)`` those of the source."""
        x = _zeroed(self.layer_norm_emb(x), kept)
        for place, attention in enumerate(self.attentions):
            if not self.inner:
                moved = attention(x, source, there)
            elif self.crossed:
                moved = attention(x, x, causal=True)
            else:
                moved = attention(x, x, kept)
            x = self.layer_norm1[place](x + moved)
            if self.inner and self.crossed:
                x = self.layer_norm15[place](x + self.encoder_attn[place](x, source, there))
            x = _zeroed(self.layer_norm2[place](x + self.ffns[place](x)), kept)
        return x


def sinusoids(dim: int, length: int = LONGEST) -> Tensor:
    """Return the table of positions ``(length, dim)``: sines and cosines of geometric frequencies in turn."""
    angle = torch.arange(length)[:, None] * torch.exp(-math.log(10_000.0) * 2 * (torch.arange(dim) // 2) / dim)
    return torch.where(torch.arange(dim) % 2 == 0, angle.sin(), angle.cos())


def _zeroed(x: Tensor, kept: Tensor | None) -> Tensor:
    return x if kept is None else x * kept[..., None]
