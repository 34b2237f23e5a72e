"""What a mover is asked: one mesh of arrays, its monitor, and how its vertices may move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simplatform.envs.mesh.arrays.given import Given, given, tagged
from simplatform.envs.mesh.geometry.mesh import Floats, Ints
from simplatform.envs.mesh.geometry.validity import check_monitor
from simplatform.envs.mesh.monitors.recovery import Recovery
from simplatform.envs.mesh.monitors.standard import hessian
from simplatform.envs.mesh.monitors.tensors import check_metric, density_of, full, metric_of, normalised, positive
from simplatform.envs.mesh.user_files.constraints import constraints
from simplatform.errors import DataError, UsageError


@dataclass(frozen=True)
class Asked:
    """A mesh with the ``monitor (V,)`` that movers see, the ``metric (V, d, d)`` where there is one, and more."""

    of: Given
    monitor: Floats
    metric: Floats | None
    solution: Floats | None
    allowed: tuple[Ints, Floats]

    @property
    def observation(self) -> Mapping[str, Any]:
        """What ``move_many`` shows a mover."""
        more = {"metric": self.metric, "solution": self.solution}
        return {"mesh": self.of.mesh, "monitor": self.monitor, **{k: v for k, v in more.items() if v is not None}}


def asked(
    *,
    points: Any,
    cells: Any,
    monitor: Any = None,
    solution: Any = None,
    tags: Any = None,
    facets: Any = None,
    facet_tags: Any = None,
    hold: Any = None,
    kind: str | None = None,
) -> Asked:
    """Check arrays (see ``ArrayMover.move``) and return what is asked of a mover.

    Raises:
        DataError: a fault of the arrays, named.
        UsageError: neither a monitor nor a solution.
    """
    of = given(points, cells, kind)
    values = None if solution is None else _scalar(of, solution)
    density, metric = _monitor(of, monitor, values)
    return Asked(of, density, metric, values, constraints(of.mesh, tagged(of, tags, facets, facet_tags, hold)))


def _scalar(of: Given, solution: Any) -> Floats:
    found = of.nodal(solution, "solution")
    if found.ndim != 1 or not np.isfinite(found).all():
        raise DataError(f"solution holds one finite value per point, got shape {np.shape(solution)}")
    return found


def _monitor(of: Given, monitor: Any, solution: Floats | None) -> tuple[Floats, Floats | None]:
    if monitor is None:
        if solution is None:
            raise UsageError("give a monitor, or a solution to find one from")
        recovered = full(Recovery(of.mesh).hessian(solution), of.mesh.dim)
        return hessian(of.mesh, solution), normalised(metric_of(positive(recovered)), of.mesh)
    found = of.nodal(monitor, "monitor")
    if found.ndim == 1:
        return check_monitor(found, of.mesh), None
    metric = check_metric(found, of.mesh)
    return density_of(metric), metric
