"""Equations as tokens and back: Polish notation, numbers as sign, mantissa of three digits, and exponent.

The vocabulary is that of PROSE in kind: three special words, a placeholder for numbers, operators, functions,
variables, small whole exponents, and the words of numbers. A system's equations follow each other, a bar between them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import reduce

import sympy

from simplatform.errors import DataError
from simplatform.expressions.language import FUNCTIONS

BEGIN, END, PAD, NUMBER, BAR = "<begin>", "<end>", "<pad>", "<number>", "|"
POWERS = range(2, 7)
UNARY = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "abs", "sign")
LARGEST_EXPONENT = 10
_NAMES = {"Abs": "abs"}


def vocabulary(variables: Sequence[str]) -> list[str]:
    """Return all words; those of equal numbers of variables have equal places."""
    exponents = [f"E{e}" for e in range(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1)]
    words = [BEGIN, END, PAD, NUMBER, BAR, "add", "mul", "pow", "inv", *UNARY, *map(str, POWERS), "+", "-", *exponents]
    return [*words, *variables, *(f"N{number:03d}" for number in range(1000))]


def rounded(value: float) -> float:
    """Return a number as its words say it.

    Raises:
        DataError: it is not finite, or too large for the words.
    """
    return _valued(*_number(value))


def encode(system: Sequence[sympy.Expr], *, hide: bool = False) -> list[str]:
    """Return the words of right-hand sides; ``hide`` puts a placeholder for every number that is no exponent.

    Raises:
        DataError: a function that has no word.
    """
    words: list[str] = []
    for place, expression in enumerate(system):
        words += [BAR] * (place > 0) + list(_words(sympy.sympify(expression), hide))
    return words


def decode(words: Sequence[str], variables: Sequence[str]) -> list[sympy.Expr]:
    """Return the right-hand sides that words say.

    Raises:
        DataError: they are not in Polish notation, with the place.
    """
    reader = _Reader(list(words), {name: sympy.Symbol(name, real=True) for name in variables})
    system = [reader.expression(0)]
    while not reader.done:
        reader.take(BAR)
        system.append(reader.expression(0))
    return system


def _words(e: sympy.Expr, hide: bool) -> Iterator[str]:
    if e.is_number:
        yield from [NUMBER] if hide else _number(float(e))
    elif e.is_Symbol:
        yield e.name
    elif e.is_Add or e.is_Mul:
        parts = e.as_ordered_terms() if e.is_Add else _factors(e)
        for part in parts[:-1]:
            yield "add" if e.is_Add else "mul"
            yield from _words(part, hide)
        yield from _words(parts[-1], hide)
    elif e.is_Pow:
        yield from _power(e, hide)
    else:
        name = _NAMES.get(type(e).__name__, type(e).__name__)
        if name not in UNARY:
            raise DataError(f"{name} has no word in Polish notation; there are {', '.join(UNARY)}")
        yield name
        yield from _words(e.args[0], hide)


def _factors(e: sympy.Expr) -> list[sympy.Expr]:
    number, rest = e.as_coeff_Mul()
    return [number] * (number != 1) + (list(rest.as_ordered_factors()) if rest.is_Mul else [rest])


def _power(e: sympy.Expr, hide: bool) -> Iterator[str]:
    base, exponent = e.args
    if not exponent.is_Integer or abs(exponent) not in (1, *POWERS):
        raise DataError(f"an exponent of {exponent} has no word in Polish notation")
    if exponent < 0:
        yield "inv"
    if abs(exponent) != 1:
        yield "pow"
    yield from _words(base, hide)
    if abs(exponent) != 1:
        yield str(abs(exponent))


def _number(value: float) -> list[str]:
    if not math.isfinite(value):
        raise DataError(f"{value} has no words")
    if value == 0:
        return ["+", "N000", "E0"]
    mantissa, exponent = f"{abs(value):.2e}".split("e")
    digits, power = int(mantissa.replace(".", "")), int(exponent) - 2
    if power < -LARGEST_EXPONENT:
        return ["+", "N000", "E0"]
    if power > LARGEST_EXPONENT:
        raise DataError(f"{value} is too large for the words of numbers")
    return ["-" if value < 0 else "+", f"N{digits:03d}", f"E{power}"]


def _valued(sign: str, mantissa: str, exponent: str) -> float:
    return float(f"{sign}{mantissa[1:]}e{exponent[1:]}")


class _Reader:
    """Reads words from the left; every word is taken once, so that it always ends."""

    def __init__(self, words: list[str], symbols: dict[str, sympy.Symbol]) -> None:
        self.words, self.symbols, self.place = words, symbols, 0

    @property
    def done(self) -> bool:
        return self.place >= len(self.words)

    def take(self, *wanted: str) -> str:
        word = "" if self.done else self.words[self.place]
        if self.done or (wanted and word not in wanted):
            raise DataError(
                f"word {self.place + 1}: expected {' or '.join(wanted) or 'more'}, got {word or 'the end'!r}"
            )
        self.place += 1
        return word

    def expression(self, depth: int) -> sympy.Expr:
        if depth > 200:
            raise DataError("nested more than 200 deep")
        word = self.take()
        if word in self.symbols:
            return self.symbols[word]
        if word in "+-":
            return self.number(word)
        if word in ("add", "mul"):
            parts = [self.expression(depth + 1), self.expression(depth + 1)]
            return reduce(lambda a, b: a + b if word == "add" else a * b, parts)
        if word == "pow":
            return self.expression(depth + 1) ** int(self.take(*map(str, POWERS)))
        if word == "inv":
            below = self.expression(depth + 1)
            if below.is_zero:
                raise DataError(f"word {self.place}: divides by zero")
            return 1 / below
        if word in UNARY:
            return FUNCTIONS[word][0](self.expression(depth + 1))
        raise DataError(f"word {self.place}: {word!r} begins no expression")

    def number(self, sign: str) -> sympy.Expr:
        mantissa, exponent = self.take(), self.take()
        if mantissa[:1] != "N" or not mantissa[1:].isdigit() or exponent[:1] != "E":
            raise DataError(f"word {self.place}: {mantissa} {exponent} is no number")
        return sympy.Float(_valued(sign, mantissa, exponent))
