"""The U-Net with fixed weights, unrolled into a straight line of operations for low latency.

At batch 1 an evaluation is some hundred tiny operations, and Python's own work between them costs more than they do.
Here every shape and weight is bound once; activations stay flat, ``(B, C·T)``, channels outside; a block's shortcut is
part of its first matrix. The function is that of ``ConditionalUnet`` (tested).

The time of one evaluation is that of reading the weights. Matrices lie in memory by inputs, ``(inputs, outputs)``,
which a product with one row reads from front to back: 256 × 256 numbers take 12 µs from main memory, and 22 in the
layout of ``torch.nn.Linear``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from simplatform.policies.nn.unet.blocks import ConvolutionBlock, Matrix, Plan, ResidualBlock, Stage
    from simplatform.policies.nn.unet.convolution import Convolution


class Map(NamedTuple):
    """An affine map: matrix ``(inputs, outputs)``, contiguous, and bias ``(outputs,)``."""

    matrix: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(B, inputs)`` to ``(B, outputs)``."""
        return torch.addmm(self.bias, x, self.matrix)


class Norm(NamedTuple):
    """Group norm and Mish of ``(B, C·T)``."""

    gain: Tensor
    shift: Tensor
    channels: int
    length: int
    groups: int
    eps: float

    def __call__(self, x: Tensor) -> Tensor:
        """Normalise a contiguous tensor, then Mish; the kernel goes by the numbers it is given, not by the shape."""
        shape = (x.shape[0], self.channels, self.length)
        y = torch.native_group_norm(x, self.gain, self.shift, *shape, self.groups, self.eps)[0]
        return F.mish(y, inplace=True)


class Residual(NamedTuple):
    """A residual block; ``first`` holds the shortcut's rows after its own, where the width changes."""

    first: Map
    norm: Norm
    second: Map
    last: Norm
    shortcut: bool

    def __call__(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """Map ``(B, C_in·T)`` to ``(B, C_out·T)`` with scale and shift ``(B, C_out, 1)``."""
        y = self.first(x)
        if self.shortcut:
            y, x = y.chunk(2, 1)
            y = y.contiguous()
        h = torch.addcmul(shift, scale, self.norm(y).view(y.shape[0], self.norm.channels, -1)).flatten(1)
        return self.last(self.second(h)).add_(x)


class Step(NamedTuple):
    """Residual blocks, then a change of resolution."""

    blocks: tuple[Residual, ...]
    resample: Map | None


class _Unrollable(Protocol):
    """What is asked of a U-Net (``ConditionalUnet`` in ``network``, which unrolls itself by this module)."""

    @property
    def action(self) -> int: ...
    @property
    def film_widths(self) -> list[int]: ...
    @property
    def down(self) -> Iterable[Stage]: ...
    @property
    def middle(self) -> Stage: ...
    @property
    def up(self) -> Iterable[Stage]: ...
    @property
    def last(self) -> ConvolutionBlock: ...
    @property
    def head(self) -> Convolution: ...
    @property
    def film(self) -> nn.Linear: ...


class FrozenUnet:
    """A ``ConditionalUnet`` for one chunk length, with the weights that it had when this was built."""

    def __init__(self, unet: _Unrollable, plan: Plan, length: int) -> None:
        self._length, self._action = length, unet.action
        self._sizes = [width for width in unet.film_widths for _ in range(2)]
        self._down, lengths = [], [length]
        for stage in unet.down:
            self._down.append(_step(stage, plan, lengths[-1]))
            lengths.append(stage.resample.length(lengths[-1]) if stage.resample else lengths[-1])
        self._middle = _step(unet.middle, plan, lengths[-1])
        self._up, length = [], lengths[-1]
        for stage in unet.up:
            self._up.append(_step(stage, plan, length))
            length = stage.resample.length(length) if stage.resample else length
        self._last, self._norm = _map(plan[unet.last.convolution]), _norm(unet.last, length)
        self._head = _map(plan[unet.head])
        self._film = _map((unet.film.weight, unet.film.bias))

    def modulation(self, condition: Tensor) -> Tensor:
        """Return the condition's part of the modulation, ``(B, Σ 2C)``, for ``(B, G)``."""
        return self._film(F.mish(condition))

    def __call__(self, x: Tensor, modulation: Tensor) -> Tensor:
        """Return the output ``(B, T, A)`` for ``x (B, T, A)`` and scale and shift of all blocks ``(B, Σ 2C)``."""
        films = iter(modulation.unsqueeze(2).split(self._sizes, 1))
        h, skips = x.transpose(1, 2).flatten(1), []
        for blocks, resample in self._down:
            for block in blocks:
                h = block(h, next(films), next(films))
            skips.append(h)
            h = h if resample is None else resample(h)
        for block in self._middle.blocks:
            h = block(h, next(films), next(films))
        for blocks, resample in self._up:
            h = torch.cat((h, skips.pop()), 1)
            for block in blocks:
                h = block(h, next(films), next(films))
            h = h if resample is None else resample(h)
        h = self._head(self._norm(self._last(h)))
        return h.view(h.shape[0], self._action, self._length).transpose(1, 2)


def _step(stage: Stage, plan: Plan, length: int) -> Step:
    blocks = tuple(_residual(block, plan, length) for block in stage.blocks)
    return Step(blocks, None if stage.resample is None else _map(plan[stage.resample]))


def _residual(block: ResidualBlock, plan: Plan, length: int) -> Residual:
    first, shortcut = plan[block.first.convolution], block.shortcut
    joined = _stacked([first, plan[shortcut]]) if shortcut is not None else first
    norms = _norm(block.first, length), _norm(block.second, length)
    return Residual(_map(joined), norms[0], _map(plan[block.second.convolution]), norms[1], shortcut is not None)


def _stacked(parts: Sequence[Matrix]) -> Matrix:
    return torch.cat([matrix for matrix, _ in parts]), torch.cat([bias for _, bias in parts])


def _map(matrix: Matrix) -> Map:
    return Map(matrix[0].detach().t().contiguous(), matrix[1].detach())


def _norm(block: ConvolutionBlock, length: int) -> Norm:
    norm = block.norm
    return Norm(norm.weight.detach(), norm.bias.detach(), norm.num_channels, length, norm.num_groups, norm.eps)
