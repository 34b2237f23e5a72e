"""A problem as methods see it: residuals of jets at points, on any device, inside, on the sides and at the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy
import torch
from numpy.typing import NDArray
from torch import Tensor

from simplatform.contracts import Facts
from simplatform.envs.meshfree.document import TIME, Document, checked
from simplatform.envs.meshfree.jets import Jet, Reading
from simplatform.errors import ConfigError
from simplatform.expressions import Program
from simplatform.expressions.program import slope

Floats = NDArray[np.float64]
Jets = Mapping[Jet, Any]
"""Values of jets ``(N,)``, NumPy or torch, by the number of the unknown and the coordinates of the derivative."""


class Residual:
    """Formulas that must vanish, as a program of coordinates, parameters and jets."""

    def __init__(self, reading: Reading, formulas: Sequence[sympy.Expr]) -> None:
        self.formulas, self.jets = tuple(formulas), tuple(reading.jets_of(formulas))
        self.rows = tuple(tuple(reading.jets_of([formula])) for formula in formulas)
        plain = reading.symbols()
        self._program = Program([*plain.values(), *(reading.symbol(jet) for jet in self.jets)], self.formulas)

    def __call__(self, points: Any, jets: Jets, parameters: Any) -> Any:
        """Return residuals ``(N, E)`` at points ``(N, d)``, with parameters ``(P,)`` or ``(N, P)``."""
        plain = [*(points[..., i] for i in range(points.shape[-1])),
                 *(parameters[..., i] for i in range(parameters.shape[-1]))]  # fmt: skip
        found = self._program([*plain, *(jets[jet] for jet in self.jets)])
        return _stacked(found, points[..., 0])


@dataclass(frozen=True)
class Condition:
    """What must hold on a face of the box: coordinate ``axis`` at its least (``end`` 0) or largest (1) value.

    With ``pair``, the residual is that of a difference between jets on this face and on the opposite one.
    """

    name: str
    axis: int
    end: int
    residual: Residual
    pair: bool = False


class Pde:
    """A problem: a box, unknowns, parameters, what must vanish inside and on faces; the start is the least t."""

    def __init__(self, document: Document) -> None:
        """Parse.

        Raises:
            DataError: a formula that is none, with its place.
        """
        self.document, self.reading = document, Reading(document)
        self.coordinates, self.unknowns = self.reading.coordinates, self.reading.unknowns
        self.parameters = self.reading.parameters
        self.low, self.high = (np.array([bound[end] for bound in document.domain.values()]) for end in (0, 1))
        self.time = self.coordinates.index(TIME) if document.time else None
        self.formulas = tuple(self.reading.residual(document.equations[name], f"equation of {name}")
                              for name in self.unknowns)  # fmt: skip
        self.residual = Residual(self.reading, self.formulas)
        self.conditions = (*self._sides(), *self._start())
        texts = document.exact or {}
        self._exact = [self.reading.data(texts[name], f"exact {name}") for name in self.unknowns] if texts else None

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Parameters that are known, and between which values they are drawn."""
        return dict(self.document.parameters)

    @property
    def sought(self) -> dict[str, tuple[float, float]]:
        """Parameters that are not known, and between which values they are."""
        return dict(self.document.sought.parameters) if self.document.sought else {}

    @property
    def dim(self) -> int:
        """Number of coordinates, time included."""
        return len(self.coordinates)

    @cached_property
    def exact(self) -> Residual | None:
        """The exact solution ``(N, m)`` as a program, where it is known."""
        return None if self._exact is None else Residual(self.reading, self._exact)

    def transport(self) -> Residual | None:
        """Return speed F, diffusion ν and source S, if the equation is u_t + F u_x + S = ν u_xx of x and t."""
        if self.time != 1 or self.dim != 2 or len(self.unknowns) != 1:
            return None
        names = {index: self.reading.symbol((0, index)) for index in ((), (0,), (1,), (0, 0))}
        slopes = {index: slope(self.formulas[0], symbol) for index, symbol in names.items() if index}
        rest = sympy.expand(self.formulas[0] - sum(a * names[index] for index, a in slopes.items()))
        rate = slopes[1,]
        if rate == 0 or any(jet[1] for f in (rest, *slopes.values()) for jet in self.reading.jets_of([f])):
            return None
        return Residual(self.reading, [slopes[0,] / rate, -slopes[0, 0] / rate, rest / rate])

    def values(self, chosen: Mapping[str, float]) -> Floats:
        """Return parameters ``(P,)`` in their order."""
        return np.array([chosen[name] for name in self.parameters])

    def faces(self) -> list[tuple[int, int]]:
        """Return all sides ``(axis, end)`` of space."""
        return [(axis, end) for axis in range(self.dim) if axis != self.time for end in (0, 1)]

    def _sides(self) -> list[Condition]:
        found, reading = [], self.reading
        for part in self.document.boundary:
            faces = [(self.coordinates.index(side[0]), "-+".index(side[1])) for side in part.sides] or self.faces()
            formulas = [reading.symbol((self.unknowns.index(name), ())) - reading.data(_text(text), f"boundary {name}")
                        for name, text in part.values.items()]  # fmt: skip
            formulas += [reading.residual(part.zero, "boundary zero")] if part.zero else []
            for axis, end in faces:
                name = f"{self.coordinates[axis]}{'-+'[end]}"
                if part.periodic and end == 0:
                    found.append(Condition(f"{name}+", axis, end, self._same(axis), pair=True))
                if formulas:
                    found.append(Condition(name, axis, end, Residual(reading, formulas)))
        return found

    def _same(self, axis: int) -> Residual:
        """Return what opposite sides share: values, and slopes across where the equations have second derivatives."""
        second = {jet[0] for jet in self.residual.jets if jet[1].count(axis) >= 2}
        jets = [(n, ()) for n in range(len(self.unknowns))] + [(n, (axis,)) for n in sorted(second)]
        return Residual(self.reading, [self.reading.symbol(jet) for jet in jets])

    def _start(self) -> list[Condition]:
        if self.time is None:
            return []
        reading = self.reading
        formulas = [reading.symbol((self.unknowns.index(name), ())) - reading.data(text, f"initial {name}")
                    for name, text in self.document.initial.items()]  # fmt: skip
        return [Condition("start", self.time, 0, Residual(reading, formulas))]


def of_facts(facts: Facts) -> Pde:
    """Return the problem that an environment declares of itself: what policies are given, by the solver name "pde".

    Raises:
        ConfigError: it declares none.
    """
    declared = facts.more.get("pde")
    if not isinstance(declared, Mapping):
        raise ConfigError("this environment declares no PDE; take a task of `simplatform tasks` that begins with pde")
    return Pde(checked(dict(declared), facts.problem or "pde"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _stacked(values: Sequence[Any], like: Any) -> Any:
    if isinstance(like, Tensor):
        return torch.stack([like * 0 + value for value in values], -1)
    return np.stack([np.broadcast_to(np.asarray(value, float), like.shape) for value in values], -1)
