"""The network of PROSE (Liu, Zhang & Schaeffer, 2024, arXiv:2309.16816): two encoders, fusion, two decoders.

Official weights have these names (felix-lyx/prose eaf598d, prose_ode); batches stand first here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from simplatform.policies.dynamics.prose.layers import LONGEST, Stack, sinusoids

BEGIN, END, PAD = 0, 1, 2
RELATIVE = 1e-5
"""Added to the squared norm that the data loss is relative to."""


@dataclass(frozen=True)
class Layers:
    """Layers of each part."""

    data_encoder: int = 2
    text_encoder: int = 4
    fusion: int = 8
    data_decoder: int = 8
    text_decoder: int = 8


class Symbols(Stack):
    """Layers on tokens: embeddings and fixed positions before, and logits by the same embeddings after a decoder."""

    def __init__(self, words: int, dim: int, heads: int, layers: int, *, decodes: bool) -> None:
        super().__init__(dim, heads, layers, crossed=decodes)
        self.embeddings = nn.Embedding(words, dim, padding_idx=PAD)
        nn.init.normal_(self.embeddings.weight, std=dim**-0.5)
        with torch.no_grad():
            self.embeddings.weight[PAD] = 0
        self.position_embeddings = nn.Embedding(LONGEST, dim, _weight=sinusoids(dim), _freeze=True)
        if decodes:
            self.proj = nn.Linear(dim, words)
            self.proj.weight = self.embeddings.weight

    def embedded(self, tokens: Tensor) -> Tensor:
        """Return ``(B, L, d)`` of tokens ``(B, L)``."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        found: Tensor = self.embeddings(tokens) + self.position_embeddings(places)
        return found


class Fusion(Stack):
    """Self-attention over both modalities, each told by a learned vector where ``typed``."""

    def __init__(self, dim: int, heads: int, layers: int, *, typed: bool) -> None:
        super().__init__(dim, heads, layers)
        self.type_embeddings = nn.Embedding(2, dim) if typed else None


class Operator(Stack):
    """Query times that attend to the data; each is answered by itself."""

    def __init__(self, dim: int, heads: int, layers: int, outputs: int) -> None:
        super().__init__(dim, heads, layers, inner=False, crossed=True)
        self.query_embedder, self.proj = nn.Linear(1, dim), nn.Linear(dim, outputs)


@dataclass(frozen=True)
class Fused:
    """What the decoders attend to: features of data and symbols, and which of each are there."""

    data: Tensor
    text: Tensor
    data_kept: Tensor
    text_kept: Tensor


class ProseNetwork(nn.Module):
    """Trajectories ``(B, Q, d)`` at query times, and logits of the next tokens, from points and tokens."""

    def __init__(
        self, words: int, outputs: int, dim: int = 512, heads: int = 8, layers: Layers | None = None, *,
        typed: bool = True, split: bool = True,
    ) -> None:  # fmt: skip
        """Make the parts; with ``split`` a decoder sees its own modality alone, after fusion."""
        super().__init__()
        count = layers or Layers()
        self.embedder = nn.Sequential(nn.Linear(1 + outputs, dim), nn.GELU(), nn.Linear(dim, dim))
        self.data_encoder = Stack(dim, heads, count.data_encoder)
        self.text_encoder = Symbols(words, dim, heads, count.text_encoder, decodes=False)
        self.fusion = Fusion(dim, heads, count.fusion, typed=typed)
        self.data_decoder = Operator(dim, heads, count.data_decoder, outputs)
        self.text_decoder = Symbols(words, dim, heads, count.text_decoder, decodes=True)
        self.split = split

    def encode(self, data: Tensor, data_kept: Tensor, text: Tensor | None) -> Fused:
        """Fuse points ``(B, N, 1 + d)``, of which ``data_kept (B, N)`` are there, and tokens ``(B, L)`` or none."""
        points = self.data_encoder(self.embedder(data), data_kept)
        if text is None:
            tokens, kept = points[:, :0], data_kept[:, :0]
        else:
            kept = text != PAD
            tokens = self.text_encoder(self.text_encoder.embedded(text), kept)
        if self.fusion.type_embeddings is not None:
            kinds = self.fusion.type_embeddings.weight
            points, tokens = points + kinds[0], tokens + kinds[1]
        there = torch.cat([data_kept, kept], 1)
        fused = self.fusion(torch.cat([points, tokens], 1), there)
        return Fused(fused[:, : data.shape[1]], fused[:, data.shape[1] :], data_kept, kept)

    def states(self, fused: Fused, times: Tensor) -> Tensor:
        """Return the trajectory ``(B, Q, d)`` at query times ``(Q,)`` or ``(B, Q)``."""
        source, there = self._source(fused.data, fused.data_kept, fused)
        query = self.data_decoder.query_embedder(times[..., None])
        query = query if query.dim() == 3 else query.expand(len(source), -1, -1)
        found: Tensor = self.data_decoder.proj(self.data_decoder(query, None, source, there))
        return found

    def logits(self, fused: Fused, tokens: Tensor) -> Tensor:
        """Return the logits of what follows each of the tokens ``(B, L)``: ``(B, L, words)``."""
        source, there = self._source(fused.text, fused.text_kept, fused)
        decoder = self.text_decoder
        found: Tensor = decoder.proj(decoder(decoder.embedded(tokens), tokens != PAD, source, there))
        return found

    @torch.no_grad()
    def greedy(self, fused: Fused, longest: int) -> Tensor:
        """Return the likeliest tokens one after the other, ``(B, longest)``: begin, …, end, padding."""
        tokens = torch.full((len(fused.data), longest), PAD, device=fused.data.device)
        tokens[:, 0] = BEGIN
        going = torch.ones(len(tokens), dtype=torch.bool, device=tokens.device)
        for place in range(1, longest):
            best = self.logits(fused, tokens[:, :place])[:, -1].argmax(-1)
            tokens[:, place] = torch.where(going, best if place < longest - 1 else torch.full_like(best, END), PAD)
            going &= best != END
        return tokens

    def _source(self, own: Tensor, kept: Tensor, fused: Fused) -> tuple[Tensor, Tensor]:
        if self.split and own.shape[1]:
            return own, kept
        return torch.cat([fused.data, fused.text], 1), torch.cat([fused.data_kept, fused.text_kept], 1)


def data_loss(said: Tensor, label: Tensor, there: Tensor | None = None) -> Tensor:
    """Return the squared error ``(B, Q, d)`` relative to each sample's own squared norm, the mean over samples.

    ``there (B, d)`` are the components that a sample has, all by default; the others' labels should be zero.
    """
    weight = 1.0 if there is None else there[:, None]
    size = label.square().sum((1, 2)) + RELATIVE
    return ((weight * (said - label).square()).sum((1, 2)) / size).mean()


def text_loss(logits: Tensor, tokens: Tensor) -> Tensor:
    """Return the cross-entropy of tokens ``(B, L)`` with logits ``(B, L - 1, words)`` of all but the first."""
    return functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=PAD)
