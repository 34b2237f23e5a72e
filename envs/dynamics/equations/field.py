"""A vector field from expressions: batched, in NumPy and in torch, with its exact Jacobian and common parts shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy
import torch
from torch import Tensor

from simplatform.expressions.program import Program, slope


class VectorField:
    """``x' = f(x, p)``: ``expressions`` by state, in the symbols of states and parameters."""

    def __init__(self, expressions: Mapping[str, sympy.Expr], parameters: Sequence[str] = ()) -> None:
        """Differentiate, and find what is common.

        Raises:
            DataError: a derivative that is no function of the language.
        """
        self.states, self.parameters = list(expressions), list(parameters)
        self.expressions = list(expressions.values())
        symbols = [sympy.Symbol(name, real=True) for name in (*self.states, *self.parameters)]
        slopes = [[slope(f, symbol) for symbol in symbols[: len(self.states)]] for f in self.expressions]
        self.pattern = np.array([[slope != 0 for slope in row] for row in slopes])
        """Which entries of the Jacobian ``(d, d)`` are not zero everywhere."""
        self._slopes = [slope for row in slopes for slope in row if slope != 0]
        self._value = Program(symbols, self.expressions)
        self._both = Program(symbols, [*self.expressions, *self._slopes])

    def __call__(self, x: Any, parameters: Mapping[str, Any]) -> Any:
        """Return slopes ``(..., d)`` of states ``(..., d)``, NumPy or torch; parameters broadcast against ``(...)``."""
        return _stacked(self._value(self._inputs(x, parameters)), x)

    def jacobian(self, x: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return slopes ``(..., d)`` and ``∂f_i/∂x_j`` ``(..., d, d)``, both from one evaluation."""
        found, size = self._both(self._inputs(x, parameters)), len(self.states)
        rest = iter(found[size:])
        entries = [next(rest) if there else 0.0 for there in self.pattern.flat]
        stacked = _stacked(entries, x)
        return _stacked(found[:size], x), stacked.reshape(*stacked.shape[:-1], size, size)

    @property
    def operations(self) -> int:
        """Operations for one value and its Jacobian."""
        return self._both.operations

    def slopes(self) -> dict[tuple[int, int], sympy.Expr]:
        """Return the entries of the Jacobian that are not zero everywhere, by row and column."""
        places = [(int(row), int(column)) for row, column in np.argwhere(self.pattern)]
        return dict(zip(places, self._slopes, strict=True))

    def latex(self) -> list[str]:
        """Return the equations as LaTeX."""
        return [rf"\dot {{{name}}} = {sympy.latex(f)}" for name, f in zip(self.states, self.expressions, strict=True)]

    def _inputs(self, x: Any, parameters: Mapping[str, Any]) -> list[Any]:
        return [*(x[..., place] for place in range(len(self.states))), *(parameters[name] for name in self.parameters)]


def _stacked(values: Sequence[Any], x: Any) -> Any:
    like = x[..., 0]
    if isinstance(x, Tensor):
        return torch.stack([like * 0 + value for value in values], -1)
    with np.errstate(invalid="ignore"):
        shape = np.broadcast_shapes(like.shape, *(np.shape(value) for value in values))
        return np.stack([np.broadcast_to(value, shape) for value in values], -1).astype(float)
