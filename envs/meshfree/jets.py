"""From the text of a problem to SymPy: jets (values and derivatives of unknowns) as symbols of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import sympy

from simplatform.envs.meshfree.document import Document
from simplatform.expressions import parse

Jet = tuple[int, tuple[int, ...]]
"""An unknown's number, and the numbers of the coordinates that it is differentiated by, in rising order."""
HIGHEST = 4
"""Highest order of a derivative."""


class Reading:
    """The formulas of a document, parsed: names become symbols, definitions are filled in."""

    def __init__(self, document: Document, where: str = "") -> None:
        """Parse what must vanish.

        Raises:
            DataError: a formula that is none, with its place.
        """
        self.document, self.where = document, where or document.name
        self.coordinates, self.unknowns = tuple(document.domain), document.unknowns
        sought = tuple(document.sought.parameters) if document.sought else ()
        self.parameters = (*document.parameters, *sought)
        self._plain = (*self.coordinates, *self.parameters)
        self._jets = dict(self._names())
        self._definitions: dict[sympy.Symbol, sympy.Expr] = {}
        for name, text in document.definitions.items():
            known = (*self._plain, *(symbol.name for symbol in self._definitions))
            self._definitions[_symbol(name)] = self._filled(parse(text, known, f"{self.where}: {name}"))

    def data(self, text: str, what: str) -> sympy.Expr:
        """Parse a formula of coordinates and parameters."""
        known = (*self._plain, *(symbol.name for symbol in self._definitions))
        return self._filled(parse(text, known, f"{self.where}: {what}"))

    def residual(self, text: str, what: str) -> sympy.Expr:
        """Parse a formula that may hold unknowns and their derivatives; ``u_yx`` becomes ``u_xy``."""
        known = (*self._plain, *(symbol.name for symbol in self._definitions), *self._jets)
        found = self._filled(parse(text, known, f"{self.where}: {what}"))
        return found.subs({_symbol(name): self.symbol(jet) for name, jet in self._jets.items()})

    def symbol(self, jet: Jet) -> sympy.Symbol:
        """Return a jet's symbol."""
        return _symbol(self.name(jet))

    def name(self, jet: Jet) -> str:
        """Return a jet as it is written."""
        letters = "".join(self.coordinates[i] for i in jet[1])
        return f"{self.unknowns[jet[0]]}_{letters}" if letters else self.unknowns[jet[0]]

    def jets_of(self, expressions: Sequence[sympy.Expr]) -> list[Jet]:
        """Return the jets that formulas hold, in order."""
        held = {symbol.name for expression in expressions for symbol in expression.free_symbols}
        return sorted({jet for name, jet in self._jets.items() if name in held})

    def symbols(self) -> dict[str, sympy.Symbol]:
        """Return the symbols of coordinates and parameters by name."""
        return {name: _symbol(name) for name in self._plain}

    def _filled(self, expression: sympy.Expr) -> sympy.Expr:
        return expression.subs(self._definitions) if self._definitions else expression

    def _names(self) -> Iterator[tuple[str, Jet]]:
        for number, unknown in enumerate(self.unknowns):
            yield unknown, (number, ())
            for order in range(1, HIGHEST + 1):
                for places in product(range(len(self.coordinates)), repeat=order):
                    letters = "".join(self.coordinates[place] for place in places)
                    yield f"{unknown}_{letters}", (number, tuple(sorted(places)))


def given(values: Mapping[str, float], names: Sequence[str]) -> list[float]:
    """Return values in the order of names."""
    return [float(values[name]) for name in names]


def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)
