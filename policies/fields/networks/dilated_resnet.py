"""The dilated ResNet on periodic grids (Stachenfeld et al., 2022, arXiv:2112.15275): no pooling, wide sight."""

from __future__ import annotations

from torch import Tensor, nn

from simplatform.policies.fields.networks.layers import Embedding, convolution

DILATIONS = (1, 2, 4, 8, 4, 2, 1)


class DilatedResNet(nn.Module):
    """``(B, inputs, *points)`` and conditions ``(B, numbers)`` to ``(B, outputs, *points)``; any grid from 9 points."""

    def __init__(
        self,
        dim: int,
        inputs: int,
        outputs: int,
        conditions: int,
        width: int = 48,
        blocks: int = 4,
        *,
        periodic: bool = True,
    ) -> None:
        """Set the sizes; each block is seven convolutions of dilations 1, 2, 4, 8, 4, 2, 1 beside a shortcut."""
        super().__init__()
        self.embeddings = nn.ModuleList(Embedding(width) for _ in range(conditions))
        self.stem = convolution(dim, inputs, width, periodic=periodic)
        self.blocks = nn.ModuleList(_Block(dim, width, periodic) for _ in range(blocks))
        self.final = convolution(dim, width, outputs, periodic=periodic)
        for parameter in self.final.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """Map fields under conditions."""
        x = self.stem(x)
        embedded = [embed(conditions[:, i]) for i, embed in enumerate(self.embeddings)]
        for block in self.blocks:
            x = block(x, sum(embedded) if embedded else None)
        found: Tensor = self.final(x)
        return found


class _Block(nn.Module):
    def __init__(self, dim: int, width: int, periodic: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            convolution(dim, width, width, dilation=dilation, periodic=periodic) for dilation in DILATIONS
        )
        self.norm = nn.GroupNorm(1, width)
        self.condition = nn.Linear(4 * width, width)

    def forward(self, x: Tensor, embedded: Tensor | None) -> Tensor:
        h = self.norm(x)
        if embedded is not None:
            h = h + self.condition(embedded).reshape(*h.shape[:2], *(1,) * (h.ndim - 2))
        for layer in self.layers:
            h = layer(nn.functional.relu(h))
        answer: Tensor = x + h
        return answer
