"""Networks that propose conjugate directions: a residual on a grid → a direction on the same grid (DCDM, 2-D and 3-D).

``ResidualDirections`` is the published one (arXiv:2205.10763 and its code: two layouts, one level of pooling).
``MultilevelDirections`` is this platform's: the same blocks on every level of a hierarchy of grids, with the same
weights, so that a network trained on a small grid serves larger ones with more levels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from simplatform.errors import CheckpointError, ConfigError

Layout = Literal["published-64", "published-128", "multilevel"]

PAIRS: Mapping[str, tuple[int, int, int]] = {"published-64": (1, 3, 2), "published-128": (2, 5, 3)}
"""Pairs of convolutions before pooling, on the coarse grid, and after."""
COARSEST = 3
"""The hierarchy ends where a side would have fewer points than this."""


def direction_network(layout: Layout, dim: int, filters: int) -> nn.Module:
    """Return a network by its layout, for grids of ``dim`` axes (2 or 3).

    Raises:
        ConfigError: no such layout, or another number of axes.
    """
    if dim not in (2, 3) or layout not in (*PAIRS, "multilevel"):
        raise ConfigError(f"layout {layout!r} in {dim} dimensions: expected {(*PAIRS, 'multilevel')} in 2 or 3")
    return MultilevelDirections(dim, filters) if layout == "multilevel" else ResidualDirections(layout, dim, filters)


class ResidualDirections(nn.Module):
    """The published network, ``(B, 1, *grid)`` → the same; even sides."""

    def __init__(self, layout: Layout, dim: int, filters: int) -> None:
        """Make the layers, Glorot-uniform with zero biases."""
        super().__init__()
        self.dim, self.pairs = dim, PAIRS[layout]
        count = 3 + 2 * sum(self.pairs)
        widths = [1, *count * [filters]]
        self.convs = nn.ModuleList(_conv(dim, widths[k], filters) for k in range(count))
        self.dense = nn.Linear(filters, 1)
        for layer in (*self.convs, self.dense):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, residual: Tensor) -> Tensor:
        """Return proposals for residuals of unit norm."""
        layers = iter(self.convs)
        hidden = next(layers)(residual)
        hidden = self._pairs(layers, F.relu(next(layers)(hidden)), self.pairs[0])
        skip = F.relu(next(layers)(hidden))
        coarse = self._pairs(layers, _pool(skip), self.pairs[1])
        hidden = self._pairs(layers, F.interpolate(coarse, scale_factor=2.0, mode="nearest") + skip, self.pairs[2])
        answer: Tensor = self.dense(hidden.movedim(1, -1)).movedim(-1, 1)
        return answer

    @staticmethod
    def _pairs(layers: Iterator[nn.Module], hidden: Tensor, count: int) -> Tensor:
        for _ in range(count):
            inner = F.relu(next(layers)(hidden))
            hidden = F.relu(next(layers)(inner)) + hidden
        return hidden


class MultilevelDirections(nn.Module):
    """The blocks of a residual network on every grid of a hierarchy, one set of weights; homogeneous: no biases.

    Residuals are restricted by strided and corrections prolonged by transposed convolutions; they start as full
    weighting and linear interpolation, and the first and last layers near a copy: untrained, it is close to an additive
    multigrid.
    """

    def __init__(self, dim: int, filters: int) -> None:
        """Make the layers."""
        super().__init__()
        self.dim = dim
        self.enter, self.leave = _conv(dim, 1, filters, bias=False), _conv(dim, filters, 1, bias=False)
        self.before, self.after = _Block(dim, filters), _Block(dim, filters)
        conv, back = (nn.Conv2d, nn.ConvTranspose2d) if dim == 2 else (nn.Conv3d, nn.ConvTranspose3d)
        self.restrict = conv(filters, filters, 3, stride=2, bias=False)
        self.prolong = back(filters, filters, 3, stride=2, bias=False)
        with torch.no_grad():
            for layer in (self.enter, self.leave):
                layer.weight.mul_(0.1)
                layer.weight.flatten(2)[..., 3**dim // 2] += filters**-0.5
            hat = _hat(dim)
            eye = torch.eye(filters).reshape(filters, filters, *dim * (1,))
            # A matrix in units of the step squared is four times larger on a grid of twice the step.
            self.restrict.weight.copy_(4 * eye * hat / hat.sum())
            self.prolong.weight.copy_(eye * hat)

    def forward(self, residual: Tensor) -> Tensor:
        """Return proposals, ``(B, 1, *grid)``, for residuals of any norm."""
        answer: Tensor = self.leave(self._cycle(self.enter(residual)))
        return answer

    def _cycle(self, hidden: Tensor) -> Tensor:
        hidden = self.before(hidden)
        if (min(hidden.shape[2:]) - 1) // 2 >= COARSEST:
            up = self.prolong(self._cycle(self.restrict(hidden)))
            missing = [have - got for have, got in zip(hidden.shape[:1:-1], up.shape[:1:-1], strict=True)]
            hidden = hidden + F.pad(up, [side for more in missing for side in (0, more)])
        answer: Tensor = self.after(hidden)
        return answer


class _Block(nn.Module):
    """x + conv(relu(conv(x)))."""

    def __init__(self, dim: int, filters: int) -> None:
        super().__init__()
        self.inner, self.outer = _conv(dim, filters, filters, bias=False), _conv(dim, filters, filters, bias=False)
        with torch.no_grad():
            self.outer.weight.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = x + self.outer(F.relu(self.inner(x)))
        return answer


def from_keras(tensors: Mapping[str, Tensor], layout: Layout) -> ResidualDirections:
    """Return the published network with the weights of its code: ``conv3d_NN/kernel`` (depth, height, width, in, out).

    Raises:
        CheckpointError: tensors are missing, too many or of other shapes.
    """
    last = tensors.get("dense/kernel")
    if last is None or last.ndim != 2 or not len(last):
        raise CheckpointError(f"these are not the weights of layout {layout!r}: expected dense/kernel (filters, 1)")
    network = ResidualDirections(layout, 3, len(last))
    renamed: dict[str, Tensor] = {}
    for name, value in tensors.items():
        known = re.fullmatch(r"(?:dense|conv3d_(\d+))/(kernel|bias)", name, re.ASCII)
        if known is None or (known[2] == "kernel" and value.ndim < 2):
            raise CheckpointError(f"these are not the weights of layout {layout!r}: {name!r} of {tuple(value.shape)}")
        own = "dense" if known[1] is None else f"convs.{int(known[1])}"
        if known[2] == "kernel":
            renamed[f"{own}.weight"] = value.movedim((-1, -2), (0, 1))
        else:
            renamed[f"{own}.bias"] = value
    try:
        network.load_state_dict(renamed)
    except RuntimeError as error:
        raise CheckpointError(f"these are not the weights of layout {layout!r}: {error}") from error
    return network


def _conv(dim: int, inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d | nn.Conv3d:
    return (nn.Conv2d if dim == 2 else nn.Conv3d)(inputs, outputs, 3, padding=1, bias=bias)


def _pool(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2) if x.ndim == 4 else F.avg_pool3d(x, 2)


def _hat(dim: int) -> Tensor:
    one = torch.tensor([0.5, 1.0, 0.5])
    flat = one[:, None] * one
    return flat if dim == 2 else flat[:, :, None] * one
