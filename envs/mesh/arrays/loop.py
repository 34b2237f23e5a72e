"""The loop around a user's own solver: solve, find a monitor, move, carry the fields over, solve again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simplatform.envs.mesh.arrays.given import given
from simplatform.envs.mesh.arrays.mover import ArrayMover, Moved
from simplatform.envs.mesh.finite_elements.transfer import bounded, conservative
from simplatform.envs.mesh.geometry.mesh import Floats
from simplatform.errors import ConfigError, DataError

TRANSFERS = {"conservative": conservative, "bounded": bounded}
Solve = Callable[[Floats, Any, Floats | None], Floats]
"""Points, cells and the fields carried over (None in the first round) → nodal fields ``(N,)`` or ``(N, k)``."""
MonitorOf = Callable[[Floats, Any, Floats], Floats]
"""Points, cells and nodal fields → a monitor ``(N,)`` or a metric ``(N, d, d)``."""
ErrorOf = Callable[[Floats, Any, Floats], float]
"""Points, cells and nodal fields → a number that should be small."""


@dataclass(frozen=True)
class Round:
    """One solve: ``points``, ``fields`` on them, their ``error`` (NaN where none is known), and the ``move`` that led
    there, None in the first.
    """

    points: Floats
    fields: Floats
    error: float
    move: Moved | None


@dataclass(frozen=True)
class Adapted:
    """All rounds in order, and the number of the one to take: the least error, or the last where none is known."""

    rounds: tuple[Round, ...]
    best: int

    @property
    def points(self) -> Floats:
        """Points of the round to take."""
        return self.rounds[self.best].points

    @property
    def fields(self) -> Floats:
        """Fields of the round to take."""
        return self.rounds[self.best].fields


def adapt(
    mover: ArrayMover,
    points: Floats,
    cells: Any,
    solve: Solve,
    monitor: MonitorOf | None = None,
    *,
    rounds: int = 2,
    error: ErrorOf | None = None,
    transfer: str = "conservative",
    **how: Any,
) -> Adapted:
    """Solve, and ``rounds`` times move and solve again; every move starts from the mesh of the round before.

    Without ``monitor``, the mover sees the first field as the solution whose error is to fall. ``transfer`` names how
    fields are carried to the moved mesh before ``solve`` sees them: "conservative" keeps the integral to rounding,
    "bounded" the bounds too. ``how`` goes to ``ArrayMover.move``: tags, facets, held points. A move that would make
    nothing better is not made, and ends the loop.

    Raises:
        ConfigError: no round, or no such transfer.
        DataError: fields that are not one row per point, or a fault that ``ArrayMover.move`` names.
    """
    if rounds < 1 or transfer not in TRANSFERS:
        raise ConfigError(f"rounds ≥ 1 and transfer one of {', '.join(TRANSFERS)}, got {rounds} and {transfer!r}")
    found = [_solved(points, cells, None, solve, error, None)]
    for _ in range(rounds):
        last = found[-1]
        seen = None if monitor is None else monitor(last.points, cells, last.fields)
        solution = _first(last.fields) if monitor is None else None
        move = mover.move(last.points, cells, seen, solution=solution, **how)
        if not move.made:
            break
        carried = carry(last.points, cells, last.fields, move.points, transfer, how.get("kind"))
        found.append(_solved(move.points, cells, carried, solve, error, move))
    errors = [one.error for one in found]
    return Adapted(tuple(found), int(np.argmin(errors)) if error is not None else len(found) - 1)


def carry(
    points: Floats, cells: Any, fields: Floats, moved: Floats, transfer: str = "conservative", kind: str | None = None
) -> Floats:
    """Return nodal fields ``(N, …)`` of a mesh of simplices on its moved points ``(N, 1 to 3)``.

    Points that no cell uses keep their values.
    """
    of, result = given(points, cells, kind), np.array(fields, float)
    shift = (np.asarray(moved, float) - points)[of.used] @ of.axes[:, : np.shape(points)[1]].T
    new = of.mesh.moved(of.mesh.points + shift)
    result[of.used] = TRANSFERS[transfer](of.mesh, of.nodal(fields, "fields"), new)
    return result


def _solved(
    points: Floats, cells: Any, carried: Floats | None, solve: Solve, error: ErrorOf | None, move: Moved | None
) -> Round:
    fields = np.asarray(solve(points, cells, carried), float)
    if fields.ndim < 1 or len(fields) != len(points) or not np.isfinite(fields).all():
        raise DataError(
            f"solve must return finite fields with a row for each of {len(points)} points, got {fields.shape}"
        )
    return Round(points, fields, float("nan") if error is None else float(error(points, cells, fields)), move)


def _first(fields: Floats) -> Floats:
    return fields if fields.ndim == 1 else fields.reshape(len(fields), -1)[:, 0]
