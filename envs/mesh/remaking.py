"""Remeshing files: ``simplatform move --remesh`` makes a tagged mesh anew by MMG, at no more vertices than before."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.envs.mesh.finite_elements.transfer import conservative
from simplatform.envs.mesh.geometry.files import write_data
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.envs.mesh.geometry.validity import check_monitor
from simplatform.envs.mesh.monitors.energy import Energy
from simplatform.envs.mesh.monitors.recovery import Recovery
from simplatform.envs.mesh.monitors.tensors import curvature_of, full, isotropic, metric_of, positive
from simplatform.envs.mesh.movers.tagged import Tagged, remeshed_tagged
from simplatform.envs.mesh.user_files.groups import FACETS, PHYSICAL, UNTAGGED, groups_of
from simplatform.envs.mesh.user_files.improving import state
from simplatform.envs.mesh.user_files.mesh_file import MeshFile
from simplatform.envs.mesh.user_files.monitor_file import read_field_for
from simplatform.errors import ConfigError, DataError, UsageError

GEOMETRICAL = "gmsh:geometrical"
OUTER = 1 << 24
"""Label of facets that the file does not list, while MMG has them."""


def remesh_files(
    mesh_file: Path,
    monitor_file: Path,
    *,
    output: Path,
    solution: bool = False,
    rounds: int = 1,
    field: str | None = None,
    component: str | None = None,
    time_: float | None = None,
    hold: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Remesh a file of triangles or tetrahedra and write it with its tags; return what happened as plain data.

    The field is a density, or with ``solution`` one whose linear interpolation error is to fall: then the metric is
    that of its Hessian. After each round but the last the field is carried over with its integral kept, and the metric
    found anew. ``hold`` names groups whose vertices and facets stay as they are. Physical tags and names come back; a
    ``.msh`` is of version 2.2.

    Raises:
        ConfigError: another number of rounds, or cells that MMG does not take.
        UsageError: no such group, or ``output`` is an input.
        DataError, SolverError: what reading, MMG and writing find.
    """
    if rounds < 1:
        raise ConfigError(f"rounds ≥ 1, got {rounds}")
    if output.resolve() in (mesh_file.resolve(), monitor_file.resolve()):
        raise UsageError(f"{output} is an input; choose another --output")
    file = MeshFile.read(mesh_file)
    values = read_field_for(monitor_file, file, field, component, time_)
    if not np.isfinite(values).all():
        raise DataError(f"{monitor_file} is not finite at vertex {int(np.argmin(np.isfinite(values)))} of the mesh")
    values = values if solution else check_monitor(values, file.mesh)
    began, first = time.perf_counter(), _tagged(file, hold)
    now = first
    for _ in range(rounds):
        found = remeshed_tagged(now, _metric(now.mesh, values, solution), len(first.mesh.points))
        values = conservative(now.mesh, values, found.mesh)
        now = found
    _write(file, now, values, output)
    return {"output": str(output), "mover": "mmg", "rounds": rounds, "seconds": round(time.perf_counter() - began, 4),
            **_facts(first, now, file, values, solution)}  # fmt: skip


def _metric(mesh: Mesh, values: Floats, solution: bool) -> Floats:
    if not solution:
        return isotropic(np.maximum(values, 0.0), mesh.dim)
    return metric_of(positive(full(Recovery(mesh).hessian(values), mesh.dim)))


def _tagged(file: MeshFile, hold: tuple[str, ...]) -> Tagged:
    """Return the file's movable mesh with positive labels: the file's physical tags, where it has any."""
    groups = groups_of(file)
    for name in hold:
        if name not in groups.names:
            raise UsageError(f"no group {name!r} in the mesh; it has {', '.join(groups.names) or 'none'}")
    own = _physical(file)
    labels = groups.labels + 1 if own is None else own
    if (labels < 1).any():
        raise ConfigError("MMG keeps materials by positive numbers; this file's tags are not all positive")
    outer = file.mesh.boundary_facets
    listed = {tuple(sorted(row)) for row in groups.facets.tolist()}
    rest = np.array([row for row in outer.tolist() if tuple(sorted(row)) not in listed], np.int64)
    facets = np.concatenate([groups.facets, rest.reshape(-1, file.mesh.dim)])
    marks = np.where(groups.facet_labels == UNTAGGED, OUTER, groups.facet_labels)
    held = np.unique(np.concatenate([groups.points, *(groups.names[name] for name in hold)])).astype(np.int64)
    return Tagged(file.mesh, labels, facets, np.concatenate([marks, np.full(len(rest), OUTER)]), held)


def _physical(file: MeshFile) -> Ints | None:
    tags = file.data.cell_data.get(PHYSICAL)
    if tags is None:
        return None
    kept = [np.asarray(part) for part, block in zip(tags, file.data.cells, strict=True) if block.type == file.mesh.kind]
    return np.concatenate(kept).astype(np.int64)


def _write(file: MeshFile, tagged: Tagged, values: Floats, output: Path) -> None:
    import meshio

    mesh, listed = tagged.mesh, tagged.facet_labels < OUTER
    flat = np.asarray(file.data.points, float)[file.used]
    space = np.zeros((len(mesh.points), 3))
    # Back into the plane of the file: what its own coordinates are beside the mesh's axes is the same everywhere.
    space[:, : flat.shape[1]] = (flat - (file.mesh.points @ file.axes)[:, : flat.shape[1]]).mean(0)
    space += mesh.points @ file.axes
    cells = [(mesh.kind, mesh.cells)]
    tags = [tagged.labels]
    if listed.any():
        cells.append((FACETS[mesh.dim][0], tagged.facets[listed]))
        tags.append(tagged.facet_labels[listed])
    names = {key: value for key, value in file.data.field_data.items() if PHYSICAL in file.data.cell_data}
    data = {PHYSICAL: tags, GEOMETRICAL: tags}
    made = meshio.Mesh(space, cells, {"field": values}, data, field_data=names)
    write_data(
        output, made, "gmsh22" if output.suffix.lower() == ".msh" else None
    )  # 4.1 wants entities, which are gone


def _facts(before: Tagged, after: Tagged, file: MeshFile, values: Floats, solution: bool) -> dict[str, Any]:
    ends = state(before.mesh, np.ones(len(before.mesh.points))), state(after.mesh, np.ones(len(after.mesh.points)))
    return {
        "vertices_before": len(before.mesh.points),
        "vertices": len(after.mesh.points),
        "cells": len(after.mesh.cells),
        "held": len(after.held),
        "quality_before": ends[0].worst,
        "quality_after": ends[1].worst,
        "smallest_angle_before": ends[0].angle,
        "smallest_angle_after": ends[1].angle,
        "estimate_before": _estimate(before.mesh, after, values, solution),
        "estimate_after": _estimate(after.mesh, after, values, solution),
    }


def _estimate(mesh: Mesh, home: Tagged, values: Floats, solution: bool) -> float:
    """Return the energy of a mesh under the last metric: the interpolation error's square, up to a factor."""
    return Energy(mesh, curvature_of(_metric(home.mesh, values, solution)), home.mesh).value(mesh.points)
