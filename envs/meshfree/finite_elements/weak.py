"""From a problem's text to its weak form: second derivatives are moved onto the test function, by SymPy.

An equation Σ a_jk u_jk + rest = 0 becomes ∫ (rest − Σ (D_j a_jk) u_k) v − Σ a_jk u_k v_j + ∮ Σ a_jk u_k n_j v = 0; the
coefficients may depend on place and on the unknowns, and the rest on all of it and on slopes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import sympy

from simplatform.envs.meshfree.jets import Jet
from simplatform.envs.meshfree.pde import Floats, Pde
from simplatform.errors import ConfigError
from simplatform.expressions import Program
from simplatform.expressions.program import slope


@dataclass(frozen=True)
class Natural:
    """The boundary term of an equation on a face: what stands for Σ a_jk u_k n_j, and its derivatives by unknowns."""

    row: int
    axis: int
    end: int
    program: Program


class WeakForm:
    """Coefficients of v and of v_j in each equation, and their derivatives by values, slopes and time derivatives."""

    def __init__(self, pde: Pde) -> None:
        """Derive it.

        Raises:
            ConfigError: a derivative of a higher order, or one that stands in no linear way: such a problem has no
                finite elements here.
        """
        self.pde, self.reading = pde, pde.reading
        self.space = [i for i in range(pde.dim) if i != pde.time]
        count = len(pde.unknowns)
        self.jets: list[Jet] = [(m, ()) for m in range(count)]
        self.jets += [(m, (k,)) for m in range(count) for k in self.space]
        self.jets += [(m, (pde.time,)) for m in range(count) if pde.time is not None]
        self._symbols = [self.reading.symbol(jet) for jet in self.jets]
        split = [self._split(row, formula) for row, formula in enumerate(pde.formulas)]
        self._second = [second for second, _ in split]
        self.parts = [self._parts(second, rest) for second, rest in split]
        """For each equation: the coefficient of v, then of v_j for each direction of space."""
        flat = [part for parts in self.parts for part in parts]
        slopes = [slope(part, symbol) for part in flat for symbol in self._symbols]
        self.linear = not any(set(s.free_symbols) & set(self._symbols) for s in slopes)
        time = self.reading.symbols().get("t")
        self.steady_matrix = self.linear and not any(time in s.free_symbols for s in slopes)
        self.pattern = [[s != 0 for s in slopes[n * len(self.jets) : (n + 1) * len(self.jets)]]
                        for n in range(len(flat))]  # fmt: skip
        inputs = [*self.reading.symbols().values(), *self._symbols]
        self._values = Program(inputs, flat)
        self._slopes = Program(inputs, slopes)
        self.naturals = [natural for one in pde.conditions for natural in self._natural(one)]

    def plain(self, unknown: int) -> bool:
        """Return whether an unknown has neither second nor time derivatives, as a pressure: it then needs one order
        less.
        """
        time = (unknown, (self.pde.time,)) if self.pde.time is not None else None
        second = any(jet[0] == unknown for table in self._second for jet in table)
        used = any(self.reading.symbol(time) in f.free_symbols for f in self.pde.formulas) if time else False
        return len(self.pde.unknowns) > 1 and not second and not used

    def values(self, inputs: Sequence[Any]) -> list[Any]:
        """Return all coefficients, equation by equation, from arrays of coordinates, parameters and jets."""
        return self._values(inputs)

    def slopes(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the derivatives of each coefficient by each jet, coefficient by coefficient."""
        return self._slopes(inputs)

    def _split(self, row: int, formula: sympy.Expr) -> tuple[dict[Jet, sympy.Expr], sympy.Expr]:
        high = [jet for jet in self.reading.jets_of([formula]) if len(jet[1]) > 1]
        if any(len(jet[1]) > 2 or self.pde.time in jet[1] for jet in high):
            raise self._refused(row, "a derivative beyond the second in space and the first in time")
        table = {jet: slope(formula, self.reading.symbol(jet)) for jet in high}
        rest = sympy.expand(formula - sum(a * self.reading.symbol(jet) for jet, a in table.items()))
        if any(len(jet[1]) > 1 for jet in self.reading.jets_of([rest])):
            raise self._refused(row, "a second derivative that stands in no linear way")
        if any(jet[1] for a in table.values() for jet in self.reading.jets_of([a])):
            raise self._refused(row, "a second derivative whose coefficient depends on slopes")
        return table, rest

    def _parts(self, second: dict[Jet, sympy.Expr], rest: sympy.Expr) -> list[sympy.Expr]:
        lower, flux = rest, {j: sympy.S.Zero for j in self.space}
        for (m, (j, k)), a in second.items():
            for one, other in {(j, k), (k, j)}:
                share = a if j == k else a / 2
                toward = self.reading.symbol((m, (other,)))
                flux[one] = flux[one] - share * toward
                lower = lower - self._total(share, one) * toward
        return [lower, *flux.values()]

    def _total(self, a: sympy.Expr, axis: int) -> sympy.Expr:
        """Return the total derivative of a coefficient along a coordinate."""
        name = self.pde.coordinates[axis]
        found = slope(a, self.reading.symbols()[name])
        for m in range(len(self.pde.unknowns)):
            found += slope(a, self.reading.symbol((m, ()))) * self.reading.symbol((m, (axis,)))
        return found

    def _natural(self, condition: Any) -> list[Natural]:
        """Solve a condition on slopes for the slope across its face, and put it into the boundary terms."""
        if condition.pair or condition.axis == self.pde.time:
            return []
        axis, sign, found = condition.axis, (-1, 1)[condition.end], []
        for formula in condition.residual.formulas:
            across = [jet for jet in self.reading.jets_of([formula]) if jet[1] == (axis,)]
            if not across:
                continue
            symbol = self.reading.symbol(across[0])
            value = sympy.solve(formula, symbol)
            if len(value) != 1:
                raise self._refused(across[0][0], f"a condition at {condition.name} that gives no slope across it")
            for row, second in enumerate(self._second):
                a = second.get((across[0][0], (axis, axis)), sympy.S.Zero)
                if a != 0:
                    term = a * value[0] * sign
                    inputs = [*self.reading.symbols().values(), *self._symbols]
                    plain = self._symbols[: len(self.pde.unknowns)]
                    program = Program(inputs, [term, *(slope(term, one) for one in plain)])
                    found.append(Natural(row, axis, condition.end, program))
        return found

    def _refused(self, row: int, why: str) -> ConfigError:
        return ConfigError(
            f"{self.pde.document.name}: the equation of {self.pde.unknowns[row]} has {why}; finite elements here take "
            "equations up to second order in space and first in time, linear in the highest derivatives"
        )


def dirichlet(pde: Pde, condition: Any) -> list[tuple[int, sympy.Expr]]:
    """Return the unknowns that a condition gives values of, and the values."""
    found = []
    for formula in condition.residual.formulas:
        jets = pde.reading.jets_of([formula])
        if len(jets) == 1 and jets[0][1] == () and formula.coeff(pde.reading.symbol(jets[0])) == 1:
            found.append((jets[0][0], sympy.expand(pde.reading.symbol(jets[0]) - formula)))
    return found


def value_of(pde: Pde, formula: sympy.Expr, points: Floats, parameters: Floats) -> Floats:
    """Return a formula of coordinates and parameters at points ``(N, d)``: ``(N,)``."""
    program = Program(list(pde.reading.symbols().values()), [formula])
    inputs = [*points.T, *parameters]
    return np.broadcast_to(np.asarray(program(inputs)[0], float), (len(points),)).copy()


def pairs(count: int) -> list[tuple[int, int]]:
    """Return all pairs of an equation and an unknown."""
    return list(product(range(count), range(count)))
