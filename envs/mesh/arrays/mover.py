"""``sp.mover(name).move(points, cells, monitor)``: a mover on arrays, for one mesh or many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from simplatform.contracts import Policy
from simplatform.envs.mesh.arrays.asked import Asked, asked
from simplatform.envs.mesh.geometry.mesh import Floats
from simplatform.envs.mesh.movers.limiter import Limited
from simplatform.envs.mesh.moving import find_mover_and_weights, move_many
from simplatform.envs.mesh.user_files.improving import Improved, State, improved
from simplatform.errors import DataError, UsageError

MANY = ("points", "cells", "monitor", "solution", "tags", "facets", "facet_tags", "hold")


@dataclass(frozen=True)
class Moved:
    """A mesh after a move: ``points`` in the form they were given in, and how much was done.

    ``displacement (N, 1 to 3)`` is ``points`` minus those given; ``share`` is the part of the mover's wish that made
    nothing worse, 0 where nothing did. ``before`` and ``after`` tell unevenness, quality and smallest angle.
    ``limited_share`` of the vertices were slowed so that no cell inverts.
    """

    points: Floats
    displacement: Floats
    share: float
    before: State
    after: State
    limited_share: float

    @property
    def made(self) -> bool:
        """Whether anything moved."""
        return self.share > 0


@dataclass(frozen=True)
class ArrayMover:
    """A mover by name, with the weights that it uses, if any (folder and digest)."""

    name: str
    policy: Policy
    weights: Mapping[str, Any]

    @overload
    def move(
        self, points: Floats, cells: Any, monitor: Any = ..., *, solution: Any = ..., tags: Any = ...,
        facets: Any = ..., facet_tags: Any = ..., hold: Any = ..., kind: str | None = ..., force: bool = ...,
    ) -> Moved: ...  # fmt: skip

    @overload
    def move(
        self, points: Sequence[Floats], cells: Any, monitor: Any = ..., *, solution: Any = ..., tags: Any = ...,
        facets: Any = ..., facet_tags: Any = ..., hold: Any = ..., kind: str | None = ..., force: bool = ...,
    ) -> list[Moved]: ...  # fmt: skip

    def move(
        self,
        points: Any,
        cells: Any,
        monitor: Any = None,
        *,
        solution: Any = None,
        tags: Any = None,
        facets: Any = None,
        facet_tags: Any = None,
        hold: Any = None,
        kind: str | None = None,
        force: bool = False,
    ) -> Moved | list[Moved]:
        """Return the moved mesh, or a list of them where ``points`` is a list; nothing that is given is changed.

        Args:
            points: ``(N, 1 to 3)``, in any unit; a constant or zero third column is a mesh in a plane. Points that no
                cell uses stay.
            cells: ``(C, k)`` numbers of points: corners of lines, triangles, quadrilaterals (going round) or
                tetrahedra. Either orientation.
            monitor: ``(N,)`` a density ≥ 0, or ``(N, d, d)`` a metric tensor or its upper triangle ``(N, d(d + 1)/2)``;
                movers that see no direction take its density √det M. Without one, that of the solution's Hessian.
            solution: ``(N,)`` a field whose error is to fall; some movers see it beside the monitor.
            tags: ``(C,)`` whole numbers that tell materials apart: what lies between two of them keeps its place.
            facets: ``(F, d)`` numbers of points of edges or faces that keep their place, with ``facet_tags (F,)``:
                vertices slide along straight pieces of one tag. Outer boundaries need not be listed.
            hold: numbers of points that stay, or a mask ``(N,)``.
            kind: "line", "triangle", "quad" or "tetra", where shapes leave it open.
            force: carry out what the mover wants even where the mesh gets no better.

        Of a list of meshes, those of one size are answered in one call of the mover.

        Raises:
            DataError: a fault of the arrays, named; of several meshes, with the number of the mesh.
            ContractError: cells that this mover does not take.
        """
        given = dict(zip(MANY, (points, cells, monitor, solution, tags, facets, facet_tags, hold), strict=True))
        if not isinstance(points, list | tuple):
            return self._many([asked(**given, kind=kind)], force)[0]
        return self._many(_split(given, len(points), kind), force)

    def _many(self, wishes: list[Asked], force: bool) -> list[Moved]:
        limited = move_many(self.policy, [one.observation for one in wishes], [one.allowed for one in wishes])
        return [_told(one, done, force) for one, done in zip(wishes, limited, strict=True)]


def mover(
    name: str, *, run: str | Path | None = None, settings: Mapping[str, Any] | None = None, root: str | Path = "runs"
) -> ArrayMover:
    """Return a mover for arrays: classical ones by name, learned ones with the weights of ``run``.

    Without ``run``, the newest run of a learned mover under ``root`` is taken, else the weights that come with it.

    >>> import simplatform as sp
    >>> sp.mover("spring").name
    'spring'

    Raises:
        UsageError: no such mover, a setting that it does not have, or a learned one that has no weights.
    """
    if name == "mmg":
        raise UsageError(
            "mmg makes a new mesh and moves no vertices: use `simplatform.envs.mesh.movers.remeshing.remeshed_within`"
        )
    policy, weights = find_mover_and_weights(name, None if run is None else Path(run), settings, Path(root))
    return ArrayMover(name, policy, weights)


def _split(given: Mapping[str, Any], count: int, kind: str | None) -> list[Asked]:
    for name, values in given.items():
        if values is not None and (not isinstance(values, list | tuple) or len(values) != count):
            raise DataError(f"points is a list of {count} meshes, so {name} must be a list of {count} arrays")
    found = []
    for number in range(count):
        try:
            found.append(asked(**{n: None if v is None else v[number] for n, v in given.items()}, kind=kind))
        except DataError as error:
            raise DataError(f"mesh {number}: {error}") from error
    return found


def _told(one: Asked, limited: Limited, force: bool) -> Moved:
    judged = {"metric": one.metric, "solution": one.solution}
    kept: Improved = improved(one.of.mesh, one.monitor, limited.displacement, force=force, **judged)
    points = one.of.moved(kept.displacement)
    return Moved(points, points - one.of.points, kept.share, kept.before, kept.after, limited.share)
