"""Monitors of a user's own solution, on arrays: Hessian recovery, error indicators, several fields together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from simplatform.envs.mesh.arrays.given import Given, given
from simplatform.envs.mesh.finite_elements.transfer import lumped
from simplatform.envs.mesh.geometry.mesh import Floats
from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.monitors.measures import Fit, fit
from simplatform.envs.mesh.monitors.recovery import Recovery
from simplatform.envs.mesh.monitors.standard import MONITORS, density
from simplatform.envs.mesh.monitors.tensors import full, intersected, metric_of, normalised, positive
from simplatform.errors import ConfigError, DataError, UnknownName

WAYS: dict[str, Callable[[Floats], Floats]] = {
    "max": lambda stack: stack.max(0),
    "mean": lambda stack: stack.mean(0),
    "product": lambda stack: stack.prod(0),
}
"""How densities ``(k, N)`` become one."""


def hessian_metric(points: Floats, cells: Any, fields: Floats, kind: str | None = None) -> Floats:
    """Return one metric ``(N, d, d)`` for nodal fields ``(N,)`` or ``(N, k)``, in this order:

    of each field the Hessian is recovered, made positive definite, turned into the metric that is best for its L2
    error, and normalised (so that no field's unit counts); then they are intersected, the first field first.
    """
    of = given(points, cells, kind)
    columns = of.nodal(fields, "fields").reshape(len(of.used), -1).T
    recovery = Recovery(of.mesh)
    own = [normalised(metric_of(positive(full(recovery.hessian(one), of.mesh.dim))), of.mesh) for one in columns]
    return _whole(of, intersected(own), np.eye(of.mesh.dim))


def scalar(
    points: Floats, cells: Any, fields: Floats, name: str = "hessian", how: str = "max", kind: str | None = None
) -> Floats:
    """Return one density ``(N,)`` for nodal fields ``(N,)`` or ``(N, k)``, in this order:

    of each field 1 + α·q/max q by the monitor ``name``, then their "max", "mean" or "product".

    Raises:
        UnknownName: no such monitor or way to join.
    """
    of = given(points, cells, kind)
    if name not in MONITORS:
        raise UnknownName("monitor", name, MONITORS)
    columns = of.nodal(fields, "fields").reshape(len(of.used), -1).T
    return _whole(of, joined([MONITORS[name](of.mesh, np.ascontiguousarray(one)) for one in columns], how), 1.0)


def indicated(points: Floats, cells: Any, indicators: Floats, alpha: float = 5.0, kind: str | None = None) -> Floats:
    """Return 1 + α·q/max q at vertices ``(N,)`` of error indicators η_K ≥ 0 ``(C,)``, q the mean of η²/|K| around.

    That is the density of the squared error, as ``monitors.standard.estimator`` takes it.

    Raises:
        DataError: not one finite number ≥ 0 per cell.
    """
    of = given(points, cells, kind)
    values, mesh = np.asarray(indicators, float), of.mesh
    if values.shape != (len(mesh.cells),) or not (np.isfinite(values) & (values >= 0)).all():
        raise DataError(
            f"indicators hold a finite number ≥ 0 per cell: expected ({len(mesh.cells)},), got {values.shape}"
        )
    corners = mesh.cells.shape[1]
    total = np.bincount(mesh.cells.ravel(), np.repeat(values**2 / corners, corners), len(mesh.points))
    return _whole(of, density(total / lumped(mesh), alpha), 1.0)


def joined(densities: Sequence[Floats], how: str = "max") -> Floats:
    """Return several densities ``(N,)`` as one: their "max", "mean" or "product".

    Raises:
        ConfigError: none, or no such way.
    """
    if how not in WAYS or not len(densities):
        raise ConfigError(f"densities are joined by {', '.join(WAYS)}, got {how!r} of {len(densities)}")
    return WAYS[how](np.stack(densities))


def fitted(points: Floats, cells: Any, metric: Floats, kind: str | None = None) -> Fit:
    """Return equidistribution and alignment of every cell ``(C,)`` in a metric at points, ``(N, d, d)`` or parts."""
    of = given(points, cells, kind)
    return fit(of.mesh, of.nodal(metric, "metric"))


def qualities(points: Floats, cells: Any, kind: str | None = None) -> Floats:
    """Return the shape quality of every cell, ``(C,)``: see ``geometry.quality``."""
    return quality(given(points, cells, kind).mesh)


def _whole(of: Given, values: Floats, unused: Any) -> Floats:
    """Return values at all points, ``unused`` where no cell is."""
    found = np.empty((len(of.points), *values.shape[1:]))
    found[:] = unused
    found[of.used] = values
    return found
