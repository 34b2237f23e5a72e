"""A problem in a file: where, what must vanish inside, on sides and at the start, and what is known of the solution.

::

    unknowns = ["u"]

    [domain]                          # one letter each; "t" is time
    x = [-1.0, 1.0]
    y = [-1.0, 1.0]

    [parameters]                      # a number, or [least, largest] to draw from
    k = 1.0

    [definitions]                     # names for parts of formulas
    f = "(k^2 - 17*pi^2) * sin(pi*x)*sin(4*pi*y)"

    [equations]                       # one for each unknown: what must be zero
    u = "u_xx + u_yy + k^2*u - f"

    [[boundary]]                      # all sides, or sides = ["x-", "x+", …]
    u = "0"                           # a value; or zero = "u_x + 2*u"; or periodic = true

    [initial]                         # where there is time
    u = "sin(pi*x)"

    [exact]                           # where it is known
    u = "sin(pi*x)*sin(4*pi*y)"

Derivatives are written with an underscore: ``u_x``, ``u_xy``, ``u_tt``.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from simplatform.budgets import regular
from simplatform.errors import DataError, UnknownName
from simplatform.expressions.language import CONSTANTS, FUNCTIONS
from simplatform.runs.files import reading
from simplatform.runs.fingerprint import data_fingerprint

BYTES = 1_000_000
MOST = 6
"""Coordinates and unknowns at most."""
TIME = "t"


def _as_range(value: object) -> object:
    return [value, value] if isinstance(value, int | float) and not isinstance(value, bool) else value


Range = Annotated[tuple[float, float], BeforeValidator(_as_range)]


class Strict(BaseModel):
    """What may stand in a part of the file, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Side(BaseModel):
    """What holds on some sides: values of unknowns by name, formulas that are zero, or that opposite sides are one."""

    model_config = ConfigDict(extra="allow", frozen=True)
    sides: tuple[str, ...] = ()
    zero: str = ""
    periodic: bool = False

    @property
    def values(self) -> dict[str, Any]:
        """Values by unknown, as text."""
        return dict(self.model_extra or {})


class Sought(Strict):
    """What is not known of the problem and to be found from sensors inside."""

    parameters: dict[str, tuple[float, float]] = Field(min_length=1)
    sensors: int = Field(20, ge=1, le=10_000)
    noise: float = Field(0.0, ge=0)
    """Standard deviation, in units of the solution's own."""


class Document(Strict):
    """What the file may hold."""

    name: str = "pde"
    unknowns: tuple[str, ...] = Field(min_length=1, max_length=MOST)
    domain: dict[str, tuple[float, float]] = Field(min_length=1, max_length=MOST)
    equations: dict[str, str]
    parameters: dict[str, Range] = Field(default_factory=dict)
    definitions: dict[str, str] = Field(default_factory=dict)
    boundary: tuple[Side, ...] = ()
    initial: dict[str, str] = Field(default_factory=dict)
    exact: dict[str, str] = Field(default_factory=dict)
    scored: tuple[str, ...] = ()
    sought: Sought | None = None
    cells: int = Field(0, ge=0, le=4096)
    """Cells in every direction of the finite elements taken for the truth, where it is not known; 0 decides."""
    steps: int = Field(0, ge=0, le=100_000)

    @property
    def time(self) -> bool:
        """Whether there is time."""
        return TIME in self.domain

    @property
    def of_interest(self) -> tuple[str, ...]:
        """Unknowns that are scored."""
        return self.scored or self.unknowns


def read_problem(problem: str = "", file: str = "") -> Document:
    """Read a problem by its name, or from a file of one's own.

    Raises:
        UnknownName: no such problem.
        DataError: what is missing, unknown or no formula, by its place.
    """
    if file:
        return _document(file, data_fingerprint(file))
    if problem not in names():
        raise UnknownName("problem", problem, names())
    return parsed((files(__package__) / "problems" / f"{problem}.toml").read_text(encoding="utf8"), problem, problem)


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return the names of the problems that come with the platform."""
    found = (Path(entry.name) for entry in (files(__package__) / "problems").iterdir())
    return tuple(sorted(path.stem for path in found if path.suffix == ".toml"))


@lru_cache(maxsize=8)
def _document(path: str, fingerprint: str) -> Document:
    with reading(f"{path} does not hold a problem"), regular(Path(path), BYTES) as opened:
        text = opened.read().decode("utf-8-sig")
    return parsed(text, path, Path(path).stem)


def parsed(text: str, where: str, name: str) -> Document:
    """Return a checked document.

    Raises:
        DataError: see ``read_problem``.
    """
    try:
        return checked({"name": name, **tomllib.loads(text)}, where)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where} is no TOML: {error}") from error


def checked(values: dict[str, Any], where: str) -> Document:
    """Return a document from plain values, as of TOML or of JSON.

    Raises:
        DataError: see ``read_problem``.
    """
    try:
        document = Document.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    _check_names(where, document)
    _check_parts(where, document)
    return document


def _check_names(where: str, document: Document) -> None:
    sought = document.sought.parameters if document.sought else {}
    all_names = [*document.domain, *document.unknowns, *document.parameters, *document.definitions, *sought]
    for name in all_names:
        if not name.isidentifier() or name in FUNCTIONS or name in CONSTANTS or "_" in name:
            raise DataError(f"{where}: {name!r} cannot be a name: take letters and digits, and no function's name")
        if all_names.count(name) > 1:
            raise DataError(f"{where}: {name!r} is used twice")
    for name, (low, high) in {**document.domain, **sought}.items():
        if not low < high:
            raise DataError(f"{where}: {name}: expected [least, largest], got [{low:g}, {high:g}]")
    for name in document.domain:
        if len(name) != 1:
            raise DataError(f"{where}: [domain] {name!r}: a coordinate is one letter, so that u_{name} can be read")


def _check_parts(where: str, document: Document) -> None:
    wanted = set(document.unknowns)
    parts = [("equations", set(document.equations)), *([("exact", set(document.exact))] if document.exact else [])]
    for what, found in parts:
        if found != wanted:
            missing, extra = sorted(wanted - found), sorted(found - wanted)
            raise DataError(f"{where}: [{what}] must name each unknown once; missing {missing}, not unknown {extra}")
    sides = {f"{name}{end}" for name in document.domain if name != TIME for end in "-+"}
    for part in document.boundary:
        if strange := sorted(set(part.sides) - sides):
            raise DataError(f"{where}: [[boundary]] {strange[0]!r} is no side; there are {', '.join(sorted(sides))}")
        if strange := sorted(set(part.values) - wanted):
            raise DataError(f"{where}: [[boundary]] {strange[0]!r} is no unknown, and none of sides, zero, periodic")
    if strange := sorted((set(document.initial) | set(document.scored)) - wanted):
        raise DataError(f"{where}: {strange[0]!r} in [initial] or scored is no unknown")
    if document.time != bool(document.initial):
        raise DataError(f"{where}: [initial] values are for problems with time t in [domain], and those have them")
