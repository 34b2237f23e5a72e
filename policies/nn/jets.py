"""Jets: values and derivatives of a representation at points, by its own closed forms or by automatic differentiation.

What residuals of differential equations are made of, for mesh-free solvers and for hidden terms of dynamics alike. An
index names a derivative by the numbers of the inputs it is taken by, in rising order: ``()`` is the value, ``(0, 1)``
the mixed second derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

Index = tuple[int, ...]
Jets = dict[Index, Tensor]
Function = Callable[[Tensor], Tensor]
"""Outputs ``(N, m)`` of points ``(N, d)``, each row from its own point alone."""


@runtime_checkable
class Closed(Protocol):
    """A representation that knows its derivatives."""

    highest: int
    """Up to this order."""

    def jets(self, points: Tensor, wanted: Iterable[Index]) -> Jets:
        """Return derivatives ``(N, m)`` of each index at points ``(N, d)``."""


def jets(function: Function | Closed, points: Tensor, wanted: Iterable[Index]) -> Jets:
    """Return derivatives ``(N, m)`` at points ``(N, d)`` by index, differentiable by all that they depend on."""
    asked = set(wanted)
    if isinstance(function, Closed) and all(len(index) <= function.highest for index in asked):
        return function.jets(points, asked)
    assert callable(function)
    return automatic(function, points, asked)


def automatic(function: Function, points: Tensor, wanted: Iterable[Index]) -> Jets:
    """Return derivatives by nested reverse mode, to any order."""
    at = points if points.requires_grad else points.detach().requires_grad_(True)
    with torch.enable_grad():
        found: Jets = {(): function(at)}
        for index in sorted(with_lower(wanted), key=len):
            if index and index not in found:
                lower = found[index[:-1]]
                columns = [_slope(lower[:, column], at, index[-1]) for column in range(lower.shape[1])]
                found[index] = torch.stack(columns, 1)
    return {index: found[index] for index in wanted}


def with_lower(wanted: Iterable[Index]) -> set[Index]:
    """Return indices together with all that they are derivatives of."""
    return {index[:order] for index in wanted for order in range(len(index) + 1)}


def _slope(values: Tensor, points: Tensor, place: int) -> Tensor:
    if not values.requires_grad:
        return torch.zeros_like(values)
    (slopes,) = torch.autograd.grad(values.sum(), points, create_graph=True, allow_unused=True)
    return torch.zeros_like(values) if slopes is None else slopes[:, place]
