"""What a problem is to a method that solves it: equations of jets, found under the solver name "pde"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from simplatform.contracts import Signature
from simplatform.plugin_host.host import get_host

Jet = tuple[int, tuple[int, ...]]
"""An unknown's number, and the numbers of the coordinates that it is differentiated by, in rising order."""


class Equation(Protocol):
    """Formulas that must vanish."""

    jets: tuple[Jet, ...]
    rows: tuple[tuple[Jet, ...], ...]
    """Jets of each formula."""

    def __call__(self, points: Any, jets: Mapping[Jet, Any], parameters: Any) -> Any:
        """Return residuals ``(N, E)`` at points ``(N, d)``, with parameters ``(P,)`` or ``(N, P)``."""


class Condition(Protocol):
    """What must hold on a face of the box; with ``pair`` it is the difference to the opposite face that vanishes."""

    name: str
    axis: int
    end: int
    residual: Equation
    pair: bool


class Transport(Protocol):
    """Speed F, diffusion ν and source S of a field that is carried along: u_t + F u_x + S = ν u_xx."""

    def __call__(self, points: Any, jets: Mapping[Jet, Any], parameters: Any) -> Any:
        """Return F, ν and S ``(N, 3)`` from the field's values alone."""


class Problem(Protocol):
    """A box, its unknowns and parameters, and what must vanish inside, on faces and at the start."""

    dim: int
    low: Any
    high: Any
    time: int | None
    coordinates: tuple[str, ...]
    unknowns: tuple[str, ...]
    parameters: tuple[str, ...]
    sought: Mapping[str, tuple[float, float]]
    """Parameters that are not known, and between which values they are."""
    ranges: Mapping[str, tuple[float, float]]
    """Parameters that are known, and between which values they are drawn."""
    residual: Equation
    conditions: Sequence[Condition]

    def transport(self) -> Transport | None:
        """Return speed, diffusion and source, if the equation is u_t + F u_x = ν u_xx − S of x and t."""


def find_problem(who: str, signature: Signature) -> Problem:
    """Return the problem that an environment declares.

    Raises:
        ContractError: it shows no points to be asked at.
        ConfigError: it declares no problem.
    """
    signature.require(who, "points", "parameters")
    return cast(Problem, get_host().registry("solver").get("pde").load()(signature.facts))
