"""What all experts share: stacked weights, gathering the chosen expert first, and units."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from simplatform.errors import ConfigError
from simplatform.policies.dynamics.reconstruction.data import Systems
from simplatform.policies.nn.leaving import traced

VectorField = Callable[[Tensor], Tensor]
"""dx/dt of R rows at once: ``(R, N, d)`` to ``(R, N, d)``."""
Layer = tuple[Tensor, Tensor]
"""A bias ``(R, 1, out)`` and a weight ``(R, in, out)``, as ``torch.baddbmm`` takes them."""
Array = np.ndarray[Any, np.dtype[np.float64]]
BLOCK = 2**18
"""Numbers that one layer hands to the next at once: two mebibytes."""
FEW = 16
"""States up to which the calls cost more than the arithmetic."""


class Units(nn.Module):
    """``scale`` and ``rate`` ``(d,)``: the units of states and of their derivatives."""

    scale: Tensor
    rate: Tensor
    discrete: ClassVar[bool] = False
    """Whether it is a map from one sample to the next, and no vector field; the unit of its answers is ``scale``."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Start at ones."""
        super().__init__()
        self.register_buffer("scale", torch.ones(inputs, dtype=torch.float64))
        self.register_buffer("rate", torch.ones(outputs, dtype=torch.float64))

    def measure(self, systems: Systems) -> None:
        """Take the units of training data."""
        self.scale.copy_(systems.input_scale())
        self.rate.copy_(systems.input_scale() if self.discrete else systems.rate_scale())


class Expert(Units, ABC):
    """``experts`` vector fields of one shape; every parameter is ``(experts, ...)``.

    Networks see ``x / scale``, and their answers are multiplied by ``rate``; both are folded into the outer layers once
    per call of ``bind``. They answer ``dim`` numbers, to as many or to ``seen`` where these are told.
    """

    separate: bool = True
    """Whether no expert shares a parameter with another, so that each may be trained on its own."""

    def __init__(self, experts: int, dim: int, width: int, depth: int, context: int, seen: int = 0) -> None:
        """Make all experts start equal; only the data that is routed to them sets them apart."""
        super().__init__(seen or dim, dim)
        self.shape: tuple[Any, ...] = (dim, width, depth, context, seen)

    @abstractmethod
    def bind(self, chosen: Tensor, contexts: Tensor) -> VectorField:
        """Return the vector field of R rows with ``chosen (R,)`` experts and ``contexts (R, c)``.

        Everything that depends on the context alone is computed here, once, and not in the solver's stages.
        """

    def taylor(self, chosen: Tensor, contexts: Tensor, near: Tensor, order: int) -> VectorField:
        """Return the field expanded to ``order`` in the context around ``near (R, c)``; order 0 needs nothing of it."""
        if order:
            raise ConfigError(f"{type(self).__name__} has no Taylor expansion: set policy.order=0, or use ncf experts")
        return self.bind(chosen, contexts)

    def only(self, index: int) -> Expert:
        """Return a copy that holds one of the experts."""
        one = type(self)(1, *self.shape).to(self.scale.device)
        for mine, its in zip(self.parameters(), one.parameters(), strict=True):
            its.data = mine.data[index : index + 1].clone()
        for own, copied in zip(self.buffers(), one.buffers(), strict=True):
            copied.copy_(own)
        return one

    def put(self, index: int, one: Expert) -> None:
        """Take over the weights of a copy that ``only`` gave."""
        for mine, its in zip(self.parameters(), one.parameters(), strict=True):
            mine.data[index] = its.data[0]

    def _in_units(self, layers: Sequence[Layer]) -> list[Layer]:
        """Fold the units into the first and the last layer."""
        (bias, weight), *rest = layers
        layers = [(bias, weight / self.scale[:, None]), *rest]
        bias, weight = layers[-1]
        return [*layers[:-1], (bias * self.rate, weight * self.rate)]


def run(layers: Sequence[Layer], x: Tensor) -> Tensor:
    """Evaluate a network of swish units on ``(R, N, in)``: one batched product per layer."""
    last = len(layers) - 1
    for index, (bias, weight) in enumerate(layers):
        x = torch.baddbmm(bias, x, weight)
        if index < last:
            x = nn.functional.silu(x, inplace=not torch.is_grad_enabled())
    return x


class Network:
    """Layers that are evaluated again and again on ``(R, N, in)``: a vector field."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers
        self._arrays: list[tuple[Tensor, Array]] = []
        self._width = max(weight.shape[2] for _, weight in layers)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the network's answers ``(R, N, out)``."""
        count = x.shape[0] * x.shape[1]
        if count < FEW or not by_numpy(x):
            return run(self.layers, x)
        if not self._arrays:
            self._arrays = [(bias, weight.detach().numpy()) for bias, weight in self.layers]
        if count * self._width <= BLOCK:
            return _block(self._arrays, x)
        return self._in_blocks(x)

    def _in_blocks(self, x: Tensor) -> Tensor:
        """Take rows and columns in turn, so that what passes from layer to layer stays in the cache."""
        rows, many, _ = x.shape
        tall, wide = max(1, BLOCK // (many * self._width)), max(1, BLOCK // self._width)
        answer = x.new_empty(rows, many, self.layers[-1][1].shape[2])
        for first in range(0, rows, tall):
            own = slice(first, first + tall)
            parts = [(bias[own], weight[own]) for bias, weight in self._arrays]
            for start in range(0, many, wide):
                here = slice(start, start + wide)
                answer[own, here] = _block(parts, x[own, here])
        return answer


def by_numpy(x: Tensor) -> bool:
    """Return whether products of many small matrices are left to NumPy: on one thread of a CPU, and not to be learned.

    There its BLAS takes a third of the time of torch's batched products in float64, or less.
    """
    if torch.is_grad_enabled() or type(x) is not Tensor or x.dtype != torch.float64 or x.device.type != "cpu":
        return False
    return not (traced() or torch.compiler.is_compiling()) and torch.get_num_threads() == 1


def _block(layers: Sequence[tuple[Tensor, Array]], x: Tensor) -> Tensor:
    last = len(layers) - 1
    for index, (bias, weight) in enumerate(layers):
        x = torch.from_numpy(np.matmul(x.numpy(), weight)).add_(bias)
        if index < last:
            x = nn.functional.silu(x, inplace=True)
    return x


def sizes_of(dim: int, width: int, depth: int, seen: int = 0) -> list[tuple[int, int]]:
    """Return ``(in, out)`` of each of ``depth`` linear layers from d (or ``seen``) over ``width`` to d."""
    return list(pairwise([seen or dim, *([width] * (depth - 1)), dim]))


def shared(experts: int, *shape: int, scale: float) -> nn.Parameter:
    """Return one uniform draw in ±scale, ``(experts, *shape)``: the same for all experts."""
    one = (2 * torch.rand(*shape, dtype=torch.float64) - 1) * scale
    return nn.Parameter(one.expand(experts, *shape).clone())
