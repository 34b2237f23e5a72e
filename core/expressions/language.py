"""The language of right-hand sides: numbers, names, + - * / **, and a list of functions; everything else is refused.

Text is only parsed, by Python's own parser into a tree, and the tree is walked through a whitelist: nothing is ever
evaluated, compiled or looked up. SymPy's parser is not used, because it runs what it reads.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable, Collection
from typing import Any

import sympy

from simplatform.errors import DataError

FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    **{name: (getattr(sympy, name), 1) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "sqrt")},
    "asin": (sympy.asin, 1), "acos": (sympy.acos, 1), "atan": (sympy.atan, 1), "atan2": (sympy.atan2, 2),
    "abs": (sympy.Abs, 1), "sign": (sympy.sign, 1), "min": (sympy.Min, 2), "max": (sympy.Max, 2),
}  # fmt: skip
CONSTANTS = {"pi": math.pi}
LONGEST, MOST_NODES, DEEPEST = 20_000, 4_000, 60
LARGEST_EXPONENT = 64
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b, ast.Pow: lambda a, b: a**b,
}  # fmt: skip


def parse(text: str, names: Collection[str], where: str = "equation") -> sympy.Expr:
    """Return an expression in symbols of the given names; ``^`` is a power.

    Raises:
        DataError: what is no expression of the language, with the place; a name that is not known; too long or deep.
    """
    if not isinstance(text, str):
        raise DataError(f"{where}: expected an expression in quotes, got {text!r}")
    if len(text) > LONGEST:
        raise DataError(f"{where}: {len(text)} characters; at most {LONGEST} are read")
    try:
        with warnings.catch_warnings(action="ignore"):  # what Python thinks of "2x" is said by the error
            tree = ast.parse(text.strip().replace("^", "**"), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        place = f", at character {error.offset}" if isinstance(error, SyntaxError) else ""
        raise DataError(f"{where}: {text[:60]!r} is no expression{place}") from error
    if sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise DataError(f"{where}: more than {MOST_NODES} terms and operations; split it into several states")
    return sympy.sympify(_Reader(frozenset(names), where).read(tree.body, 0))


class _Reader:
    """Walks a tree; constant parts are computed as floats, so that no number can grow without bound."""

    def __init__(self, names: frozenset[str], where: str) -> None:
        self.names, self.where = names, where

    def read(self, node: ast.expr, depth: int) -> Any:
        if depth > DEEPEST:
            raise self.refused(node, f"nested more than {DEEPEST} deep")
        if isinstance(node, ast.Constant):
            return self.number(node)
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
            value = self.read(node.operand, depth + 1)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return self.operation(node, depth)
        if isinstance(node, ast.Call):
            return self.call(node, depth)
        raise self.refused(node, "not part of the language: numbers, names, + - * / ** and functions are")

    def number(self, node: ast.Constant) -> Any:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self.refused(node, f"{node.value!r} is no number")
        if isinstance(node.value, int) and abs(node.value) <= 10**6:
            return sympy.Integer(node.value)
        try:
            value = float(node.value)
        except OverflowError:
            value = math.inf
        return self.finite(node, value)

    def name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            return sympy.Symbol(node.id, real=True)
        if node.id in CONSTANTS:
            return sympy.Float(CONSTANTS[node.id])
        raise self.refused(
            node, f"{node.id!r} is no state, parameter or constant; known are {', '.join(sorted(self.names))}"
        )

    def operation(self, node: ast.BinOp, depth: int) -> Any:
        left, right = self.read(node.left, depth + 1), self.read(node.right, depth + 1)
        if isinstance(node.op, ast.Pow) and right.is_Integer and abs(right) > LARGEST_EXPONENT:
            raise self.refused(node, f"an exponent of {right}; at most {LARGEST_EXPONENT}")
        if left.is_number and right.is_number:
            return self.constant(node, left, right)
        if isinstance(node.op, ast.Div) and right == 0:
            raise self.refused(node, "divides by zero")
        return _OPERATORS[type(node.op)](left, right)

    def constant(self, node: ast.BinOp, left: Any, right: Any) -> Any:
        small = left.is_Integer and right.is_Integer and not isinstance(node.op, ast.Pow)
        if small and not (isinstance(node.op, ast.Div) and right == 0):
            return _OPERATORS[type(node.op)](left, right)
        try:
            value = _OPERATORS[type(node.op)](float(left), float(right))
        except (OverflowError, ZeroDivisionError, TypeError):
            value = math.nan
        whole = isinstance(value, float) and value.is_integer() and abs(value) <= 10**6
        return sympy.Integer(int(value)) if whole else self.finite(node, value)

    def call(self, node: ast.Call, depth: int) -> Any:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.keywords:
            raise self.refused(node, f"no function of the language; known are {', '.join(sorted(FUNCTIONS))}")
        function, count = FUNCTIONS[node.func.id]
        if len(node.args) != count or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.refused(node, f"{node.func.id} takes {count} argument{'s' * (count > 1)}, got {len(node.args)}")
        value = function(*(self.read(argument, depth + 1) for argument in node.args))
        if value.is_number:
            return self.finite(node, float(value) if value.is_real else math.nan)
        return value

    def finite(self, node: ast.expr, value: Any) -> Any:
        if isinstance(value, complex) or not math.isfinite(value):
            raise self.refused(node, "no finite real number")
        return sympy.Float(value)

    def refused(self, node: ast.expr, why: str) -> DataError:
        return DataError(f"{self.where}, at character {node.col_offset + 1}: {why}")
