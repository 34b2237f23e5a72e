"""A user's file of equations: states, parameters with ranges, right-hand sides, where trajectories start and end.

::

    states = ["x", "y"]
    horizon = 10.0                    # time of a trajectory
    samples = 20                      # in a trajectory, evenly spaced
    environments = 9                  # parameter sets to train on, spread over the ranges

    [equations]
    x = "alpha*x - beta*x*y"
    y = "delta*x*y - gamma*y"

    [parameters]                      # a number, or [least, largest]
    alpha = 0.5
    beta = [0.5, 1.0]
    delta = [0.5, 1.0]
    gamma = 0.5

    [initial]                         # a number, or [least, largest]
    x = [1.0, 2.0]
    y = [1.0, 2.0]

    [known]                           # what a method may be told of the right-hand sides (upinn); may be missing
    x = "alpha*x"
    y = "delta*x*y - gamma*y"
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from scipy.stats import qmc

from simplatform.envs.dynamics.equations.field import VectorField
from simplatform.envs.dynamics.equations.known import Known, known_terms
from simplatform.envs.dynamics.systems.base import Array
from simplatform.errors import DataError
from simplatform.expressions.language import CONSTANTS, FUNCTIONS, parse
from simplatform.recipes.toml import read_toml
from simplatform.runs.files import reading
from simplatform.runs.fingerprint import data_fingerprint

MOST_STATES = 200
BEYOND = 0.15
"""How far outside a range, as a share of its width, the systems lie that training never sees."""


def _as_range(value: object) -> object:
    return [value, value] if isinstance(value, int | float) and not isinstance(value, bool) else value


Range = Annotated[tuple[float, float], BeforeValidator(_as_range)]


class Document(BaseModel):
    """What the file may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    name: str = "equations"
    states: tuple[str, ...] = Field(min_length=1, max_length=MOST_STATES)
    equations: dict[str, str]
    parameters: dict[str, Range] = Field(default_factory=dict)
    initial: dict[str, Range]
    horizon: float = Field(gt=0)
    samples: int = Field(20, ge=4, le=10_000)
    environments: int = Field(9, ge=1, le=1000)
    solver: Literal["dop853", "radau"] = "dop853"
    known: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Equations:
    """A checked document and its vector field."""

    document: Document
    field: VectorField
    known: Known | None = None

    def times(self) -> Array:
        """Return the sampling times ``(T,)``."""
        return np.linspace(0.0, self.document.horizon, self.document.samples)

    def environments(self, ood: bool) -> tuple[dict[str, float], ...]:
        """Return parameter sets: spread over the ranges (Halton's sequence), or at both ends beyond all of them."""
        ranges = self.document.parameters
        low, high = (np.array([bound[side] for bound in ranges.values()]) for side in (0, 1))
        free = high > low
        if not free.any():
            return (dict(zip(ranges, low.tolist(), strict=True)),)
        if ood:
            width = BEYOND * (high - low)
            rows = np.stack([low - width, high + width])
        else:
            spread = qmc.Halton(int(free.sum()), scramble=False).random(self.document.environments + 1)[1:]
            rows = np.tile(low, (self.document.environments, 1))
            rows[:, free] = low[free] + (high - low)[free] * spread
        return tuple(dict(zip(ranges, row.tolist(), strict=True)) for row in rows)

    def start(self, random: np.random.Generator) -> Array:
        """Draw an initial state ``(d,)``."""
        bounds = np.array([self.document.initial[name] for name in self.document.states])
        return random.uniform(bounds[:, 0], bounds[:, 1])

    def said(self) -> list[str]:
        """Return what was understood, a line each."""
        field, document = self.field, self.document
        filled = int(field.pattern.sum())
        free = [name for name, (low, high) in document.parameters.items() if high > low]
        return [
            f"{len(document.states)} states: {', '.join(document.states[:8])}; {len(document.parameters)} parameters, "
            f"{len(free)} of them with a range",
            f"{field.operations} operations for right-hand side and Jacobian, {filled} of {field.pattern.size} entries",
            f"{len(self.environments(False))} systems to learn from, {len(self.environments(True))} beyond the ranges",
            *(self.known.said() if self.known else []),
        ]


def read_equations(path: str) -> Equations:
    """Read and check a file of equations.

    Raises:
        DataError: what is missing, unknown or no expression, by its place.
    """
    return _equations(path, data_fingerprint(path))


@lru_cache(maxsize=8)
def _equations(path: str, fingerprint: str) -> Equations:
    with reading(f"{path} does not hold equations"):
        try:
            document = Document.model_validate(read_toml(Path(path), "file of equations"))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise DataError(f"{path}: {place}: {first['msg']}") from error
    _check(path, document)
    names = (*document.states, *document.parameters)
    parsed = {name: parse(document.equations[name], names, f"{path}: equation of {name}") for name in document.states}
    known = known_terms(path, document.states, document.parameters, document.known) if document.known else None
    return Equations(document, VectorField(parsed, tuple(document.parameters)), known)


def _check(path: str, document: Document) -> None:
    states = set(document.states)
    for what, found in (("equations", set(document.equations)), ("initial", set(document.initial))):
        if found != states:
            missing, extra = sorted(states - found), sorted(found - states)
            raise DataError(f"{path}: [{what}] must name each state once; missing {missing}, not a state {extra}")
    names = [*document.states, *document.parameters]
    for name in names:
        if not name.isidentifier() or name in FUNCTIONS or name in CONSTANTS or name.startswith("_"):
            raise DataError(f"{path}: {name!r} cannot name a state or parameter; take letters, and no function's name")
        if name == "t":
            raise DataError(
                f"{path}: 't' is no state or parameter; for a driven system add a state such as tau = \"1\""
            )
    twice = [a for a, b in pairwise(sorted(names)) if a == b]
    if twice:
        raise DataError(f"{path}: {twice[0]!r} is used twice")
    for part, ranges in (("parameters", document.parameters), ("initial", document.initial)):
        for name, (low, high) in ranges.items():
            if low > high:
                raise DataError(f"{path}: [{part}] {name}: expected [least, largest], got [{low:g}, {high:g}]")
