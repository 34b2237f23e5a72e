"""The global encoder of UM2N: a transformer over all vertices of a mesh (arXiv:2407.00382, section 3; spec 1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from simplatform.policies.nn.splitting import SUBSTEPS, Substep, strang

Attention = Literal["dense", "linear"]
Block = Literal["normformer", "macaron"]


class GraphTransformer(nn.Module):
    """Vertex features ``(N, inputs)`` → ``(N, outputs)``; attention is among the vertices of one mesh, without
    positions.
    """

    def __init__(self, inputs: int = 3, width: int = 64, heads: int = 4, layers: int = 1, outputs: int = 16,
                 dropout: float = 0.1, attention: Attention = "dense", block: Block = "normformer",
                 substep: Substep = "euler") -> None:  # fmt: skip
        super().__init__()
        self.enter = nn.ModuleList([nn.Linear(inputs, width), nn.Linear(width, width)])
        made = (Layer(width, heads, dropout, attention) if block == "normformer" else
                MacaronLayer(width, heads, dropout, attention, substep) for _ in range(layers))  # fmt: skip
        self.layers = nn.ModuleList(made)
        self.leave = nn.ModuleList([nn.Linear(width, width), nn.Linear(width, outputs)])

    def forward(self, features: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return one vector per vertex; ``sizes`` splits the packed vertices into meshes."""
        hidden = _mlp(self.enter, features)
        for layer in self.layers:
            hidden = layer(hidden, sizes)
        return F.selu(_mlp(self.leave, hidden))


class _Attending(nn.Module):
    """Normalised self-attention with head scales, mesh by mesh."""

    def __init__(self, width: int, heads: int, dropout: float, attention: Attention) -> None:
        super().__init__()
        self.heads, self.dropout, self.kind = heads, dropout, attention
        self.head_scale = nn.Parameter(torch.ones(heads))
        self.before_attention, self.after_attention = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project_in, self.project_out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def attended(self, hidden: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return what attention adds, ``(N, width)``."""
        return self._drop(self.after_attention(self._attend(self.before_attention(hidden), sizes)))

    def _attend(self, z: Tensor, sizes: Sequence[int]) -> Tensor:
        q, k, v = (part.unflatten(-1, (self.heads, -1)) for part in self.project_in(z).chunk(3, dim=-1))
        meshes = zip(*(part.split(list(sizes)) for part in (q, k, v)), strict=True)
        mixed = self.project_out(torch.cat([self._mix(*mesh) for mesh in meshes]).flatten(-2))
        # The published code scales heads and then flattens them transposed: channel = d * heads + head.
        scaled = mixed.unflatten(-1, (self.heads, -1)) * self.head_scale[:, None]
        answer: Tensor = scaled.transpose(-1, -2).flatten(-2)
        return answer

    def _mix(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        if self.kind == "linear":
            return linear_attention(q, k, v)
        dropout = self.dropout if self.training else 0.0
        # With a batch axis of one, PyTorch chooses its memory-saving kernels.
        q, k, v = (part.transpose(0, 1)[None] for part in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout)[0].transpose(0, 1)

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)


class Layer(_Attending):
    """Attention, then a feed-forward part with a weighted skip (NormFormer style): the published layer."""

    def __init__(self, width: int, heads: int, dropout: float, attention: Attention) -> None:
        super().__init__(width, heads, dropout, attention)
        self.skip_scale = nn.Parameter(torch.ones(width))
        self.before_dense, self.inside_dense = nn.LayerNorm(width), nn.LayerNorm(4 * width)
        self.dense_in, self.dense_out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, hidden: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return the layer's output, ``(N, width)``."""
        hidden = self.attended(hidden, sizes) + hidden
        inner = self._drop(F.gelu(self.dense_in(self.before_dense(hidden))))
        return self._drop(self.dense_out(self.inside_dense(inner))) + self.skip_scale * hidden


class MacaronLayer(_Attending):
    """Half a feed-forward step, attention, half a feed-forward step (Lu et al., 2020, arXiv:1906.02762, equation 8).

    Each feed-forward part is half as wide as the published layer's one: as many parameters, within 0.3 %. With
    ``substep="heun"`` each part is evaluated twice.
    """

    def __init__(self, width: int, heads: int, dropout: float, attention: Attention, substep: Substep) -> None:
        super().__init__(width, heads, dropout, attention)
        self._substep = SUBSTEPS[substep]
        self.first, self.second = _FeedForward(width, 2 * width, dropout), _FeedForward(width, 2 * width, dropout)

    def forward(self, hidden: Tensor, sizes: Sequence[int]) -> Tensor:
        """Return the layer's output, ``(N, width)``."""
        return strang(self.first, lambda x: self.attended(x, sizes), hidden, 1.0, self._substep, self.second)


class _FeedForward(nn.Module):
    """What the feed-forward part adds, normalised before and inside."""

    def __init__(self, width: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.before, self.inside = nn.LayerNorm(width), nn.LayerNorm(inner)
        self.enter, self.leave = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, hidden: Tensor) -> Tensor:
        inner = F.dropout(F.gelu(self.enter(self.before(hidden))), self.dropout, self.training)
        return F.dropout(self.leave(self.inside(inner)), self.dropout, self.training)


def linear_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Return attention with the kernel elu + 1, linear in the number of vertices (Katharopoulos et al., 2020, eq. 4-7).

    All arguments and the result are ``(N, heads, d)``.
    """
    q, k = F.elu(q) + 1, F.elu(k) + 1
    state = torch.einsum("nhd,nhe->hde", k, v)
    norm = torch.einsum("nhd,hd->nh", q, k.sum(dim=0))
    return torch.einsum("nhd,hde->nhe", q, state) / norm[..., None]


def _mlp(layers: nn.ModuleList, x: Tensor) -> Tensor:
    for layer in layers:
        x = F.gelu(layer(x))
    return x
