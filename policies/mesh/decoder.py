"""The local extractor and the deformer of M2N and UM2N (arXiv:2204.11188, arXiv:2407.00382; spec 1.4 and 1.5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Reset = Callable[[Tensor, Tensor], Tensor]
"""(coordinates before, coordinates after) → coordinates with the boundary put right."""


class LocalExtractor(nn.Module):
    """One round of messages along edges: relative position, distance and both monitor values → ``(N, outputs)``,
    summed.
    """

    def __init__(self, width: int = 64, outputs: int = 16, extra: int = 0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [nn.Linear(5 + extra, width), nn.Linear(width, width), nn.Linear(width, outputs - 1)]
        )

    def forward(self, points: Tensor, monitor: Tensor, edges: Tensor, extra: Tensor | None = None) -> Tensor:
        """Return one vector per vertex; the last entry is the summed length of its edges.

        ``extra (N, e)`` are further vertex values, of which messages carry the differences.
        """
        source, target = edges
        offset = points.index_select(0, source) - points.index_select(0, target)
        distance = offset.norm(dim=1, keepdim=True)
        message = torch.cat([offset, distance, monitor[target, None], monitor[source, None]], dim=1)
        if extra is not None:
            message = torch.cat([message, extra[source] - extra[target]], dim=1)
        for layer in self.layers:
            message = F.selu(layer(message))
        message = torch.cat([message, distance], dim=1)
        return message.new_zeros(points.shape[0], message.shape[1]).index_add(0, target, message)


class DeformBlock(nn.Module):
    """Graph attention that averages neighbours' coordinates and features with separate temperatures.

    New coordinates are convex combinations of the neighbours' coordinates.
    """

    def __init__(self, inputs: int, outputs: int, heads: int, temperature: float = 0.2) -> None:
        super().__init__()
        self.heads, self.temperature = heads, temperature
        self.project = nn.Linear(inputs, heads * outputs)
        self.source = nn.Parameter(torch.empty(1, heads, outputs))
        self.target = nn.Parameter(torch.empty(1, heads, outputs))
        nn.init.xavier_uniform_(self.source)
        nn.init.xavier_uniform_(self.target)

    def forward(
        self, points: Tensor, inputs: Tensor, edges: Tensor, sliding: Tensor, *, last: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Return new coordinates ``(N, 2)`` and features ``(N, outputs)`` (None in the last block, where none are
        used).

        Coordinates mix along ``sliding`` edges, features along all ``edges``.
        """
        hidden = self.project(inputs).unflatten(-1, (self.heads, -1))
        out = torch.einsum("nhc,hc->nh", hidden, self.source[0])
        into = torch.einsum("nhc,hc->nh", hidden, self.target[0])
        weights = self._weights(out, into, sliding, self.temperature).mean(dim=1)
        moved = gather_sum(weights[:, None] * points.index_select(0, sliding[0]), sliding[1], points.shape[0])
        if last:
            return moved, None
        attention = self._weights(out, into, edges, 1.0)
        # A product and a sum are several times faster than many products of tiny matrices.
        messages = (attention[..., None] / self.heads * hidden.index_select(0, edges[0])).sum(dim=1)
        return moved, F.selu(gather_sum(messages, edges[1], points.shape[0]))

    @staticmethod
    def _weights(out: Tensor, into: Tensor, edges: Tensor, scale: float) -> Tensor:
        logits = F.selu(scale * (out.index_select(0, edges[0]) + into.index_select(0, edges[1])))
        return segment_softmax(logits, edges[1], out.shape[0])


class Deformer(nn.Module):
    """A linear layer and blocks of graph attention, each seeing all earlier coordinates: features → new coordinates."""

    def __init__(
        self,
        inputs: int = 35,
        widths: Sequence[int] = (254, 508, 250, 120, 20),
        heads: int = 6,
        temperature: float = 0.2,
    ) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, widths[0])
        sizes = [(2 * (k + 1) + widths[k], widths[k + 1]) for k in range(len(widths) - 1)]
        self.blocks = nn.ModuleList([DeformBlock(before, after, heads, temperature) for before, after in sizes])

    def forward(self, points: Tensor, features: Tensor, edges: Tensor, sliding: Tensor, reset: Reset) -> list[Tensor]:
        """Return the coordinates after each block, ``(N, 2)`` each; the last is the answer."""
        hidden = F.selu(self.enter(features))
        history = [points]
        for number, block in enumerate(self.blocks):
            inputs = torch.cat([*history[::-1], hidden], dim=1)
            last = number == len(self.blocks) - 1
            moved, hidden = block(history[-1], inputs, edges, sliding, last=last)
            history.append(reset(history[-1], moved))
        return history[1:]


def gather_sum(messages: Tensor, target: Tensor, count: int) -> Tensor:
    """Sum messages ``(E, ...)`` by target: ``(count, ...)``."""
    return messages.new_zeros(count, *messages.shape[1:]).index_add(0, target, messages)


def segment_softmax(logits: Tensor, target: Tensor, count: int) -> Tensor:
    """Softmax of ``(E, heads)`` over the edges into each target, 1e-16 in the denominator."""
    index = target[:, None].expand_as(logits)
    highest = logits.new_full((count, logits.shape[1]), -torch.inf).scatter_reduce(0, index, logits.detach(), "amax")
    raised = (logits - highest.index_select(0, target)).exp()
    return raised / (gather_sum(raised, target, count).index_select(0, target) + 1e-16)
