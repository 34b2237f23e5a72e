"""Programs from expressions: batched, in NumPy and in torch, with common parts computed once.

SymPy finds common subexpressions; what is left is a list of operations on arrays, carried out one after the other. No
code is generated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import sympy
import torch
from torch import Tensor

from simplatform.errors import DataError

Step = tuple[str, tuple[int | float, ...]]
_TORCH: dict[str, Callable[..., Any]] = {
    "Heaviside": lambda a, _: (torch.sign(a) + 1) / 2,
    "Abs": torch.abs, "Min": torch.minimum, "Max": torch.maximum, "pow": torch.pow,
    **{name: getattr(torch, name) for name in
       ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "sqrt", "asin", "acos", "atan", "atan2", "sign")},
}  # fmt: skip
_NUMPY: dict[str, Callable[..., Any]] = {
    "Heaviside": lambda a, _: (np.sign(a) + 1) / 2,
    "Abs": np.abs, "Min": np.minimum, "Max": np.maximum, "pow": np.power, "asin": np.arcsin, "acos": np.arccos,
    "atan": np.arctan, "atan2": np.arctan2,
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "sqrt", "sign")},
}  # fmt: skip


class Program:
    """Operations that turn named inputs into outputs, common parts computed once."""

    def __init__(self, inputs: Sequence[sympy.Symbol], outputs: Sequence[sympy.Expr]) -> None:
        shared, reduced = sympy.cse(list(outputs), symbols=sympy.numbered_symbols("_c", real=True))
        self.inputs = [symbol.name for symbol in inputs]
        self._places: dict[Any, int] = {symbol: place for place, symbol in enumerate(inputs)}
        self._count = len(self.inputs)
        self.steps: list[tuple[str, tuple[Any, ...]]] = []
        for symbol, expression in shared:
            self._places[symbol] = self._place(expression)
        self.outputs = [self._operand(expression) for expression in reduced]

    @property
    def operations(self) -> int:
        """Operations for one evaluation."""
        return len(self.steps)

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        """Return the outputs, broadcast arrays or plain numbers, from one array for each input."""
        library = _TORCH if any(isinstance(value, Tensor) for value in values) else _NUMPY
        found = list(values)
        for name, operands in self.steps:
            found.append(_carried_out(name, [_value(found, operand) for operand in operands], library))
        return [_value(found, operand) for operand in self.outputs]

    def _operand(self, expression: sympy.Expr) -> Any:
        """Return a plain number, or the place of a value as ``(place,)``."""
        return float(expression) if expression.is_number else (self._place(expression),)

    def _place(self, expression: sympy.Expr) -> int:
        if expression not in self._places:
            self._places[expression] = self._placed(expression)
        return self._places[expression]

    def _placed(self, expression: sympy.Expr) -> int:
        operands = [self._operand(part) for part in expression.args]
        if expression.is_Add or expression.is_Mul:
            name = "+" if expression.is_Add else "*"
            return int(reduce(lambda a, b: (self._append(name, a, b),), operands[1:], operands[0])[0])
        if expression.is_Pow:
            return self._power(operands[0], expression.exp)
        name = "exp" if expression.func is sympy.exp else type(expression).__name__
        if name not in _NUMPY:
            raise DataError(f"the derivative of an equation holds {name}, which cannot be computed")
        if len(operands) > 2:
            return int(reduce(lambda a, b: (self._append(name, a, b),), operands[1:], operands[0])[0])
        return self._append(name, *operands)

    def _power(self, base: Any, exponent: sympy.Expr) -> int:
        if exponent == -1:
            return self._append("/", 1.0, base)
        if exponent == sympy.Rational(1, 2):
            return self._append("sqrt", base)
        if exponent.is_Integer and 2 <= abs(exponent) <= 64:
            place = self._whole_power(base, abs(int(exponent)))
            return place[0] if exponent > 0 else self._append("/", 1.0, place)
        return self._append("pow", base, self._operand(exponent))

    def _whole_power(self, base: Any, exponent: int) -> Any:
        """Return the place of a power by repeated squares."""
        if exponent == 1:
            return base
        half = self._whole_power(base, exponent // 2)
        square = (self._append("*", half, half),)
        return (self._append("*", square, base),) if exponent % 2 else square

    def _append(self, name: str, *operands: Any) -> int:
        key = (name, operands)
        if key not in self._places:
            self.steps.append(key)
            self._places[key] = self._count
            self._count += 1
        return self._places[key]


def slope(expression: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr:
    """Return a derivative; that of a jump is zero beside it."""
    return expression.diff(symbol).replace(sympy.DiracDelta, lambda *_: sympy.S.Zero)


def _value(found: Sequence[Any], operand: Any) -> Any:
    return found[operand[0]] if isinstance(operand, tuple) else operand


def _carried_out(name: str, operands: Sequence[Any], library: Mapping[str, Callable[..., Any]]) -> Any:
    if name == "+":
        return operands[0] + operands[1]
    if name == "*":
        return operands[0] * operands[1]
    if name == "/":
        return operands[0] / operands[1]
    if library is _TORCH:
        like = next(
            (operand for operand in operands if isinstance(operand, Tensor)), torch.zeros((), dtype=torch.float64)
        )
        if name != "pow" or not isinstance(operands[0], Tensor):
            operands = [o if isinstance(o, Tensor) else torch.as_tensor(o, dtype=like.dtype, device=like.device)
                        for o in operands]  # fmt: skip
    return library[name](*operands)
