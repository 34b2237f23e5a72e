"""Remeshing a tagged mesh by MMG: materials, boundaries and interfaces keep their tags, what is held stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.envs.mesh.monitors.tensors import parts
from simplatform.envs.mesh.movers.remeshing import GRADATION, mmg_module, searched, with_complexity
from simplatform.errors import ConfigError, SolverError


@dataclass(frozen=True)
class Tagged:
    """A mesh with numbers ``labels (C,)`` of its materials and ``facet_labels (F,)`` of ``facets (F, d)``.

    ``held`` vertices stay where they are, and facets whose vertices are all held stay as they are. Numbers are
    positive; 0 is MMG's own word for none.
    """

    mesh: Mesh
    labels: Ints
    facets: Ints
    facet_labels: Ints
    held: Ints


def remeshed_tagged(tagged: Tagged, metric: Floats, most: int) -> Tagged:
    """Return the finest mesh by a metric ``(V, d, d)`` that has at most ``most`` vertices, with its tags.

    Interfaces between labels keep their place, as do the outer boundary and listed facets; corners are where facets of
    different labels meet, and where MMG finds an angle. ``held`` of the result are the same places.

    Raises:
        ConfigError: neither triangles nor tetrahedra.
        SolverError: MMG gave up, or no scale of the metric gives so few vertices.
        MissingDependency: ``mmgpy`` is not installed.
    """
    flat, mesh = parts(metric), tagged.mesh
    return searched(lambda c: remesh_tagged(tagged, with_complexity(mesh, flat, c)), most, _size, mesh.dim)


def remesh_tagged(tagged: Tagged, metric: Floats) -> Tagged:
    """Return MMG's mesh for a metric (parts) of edges of length 1, with its tags."""
    mesh, mmg = tagged.mesh, mmg_module()
    if mesh.kind not in ("triangle", "tetra"):
        raise ConfigError(f"MMG remeshes triangles and tetrahedra, not {mesh.kind} meshes")
    flat = mesh.kind == "triangle"
    worker = mmg.MmgMesh2D() if flat else mmg.MmgMesh3D()
    cells, facets = (np.ascontiguousarray(table, np.int32) for table in (mesh.cells, tagged.facets))
    try:
        if flat:
            worker.set_mesh_size(vertices=len(mesh.points), triangles=len(cells), edges=len(facets))
        else:
            worker.set_mesh_size(vertices=len(mesh.points), tetrahedra=len(cells), triangles=len(facets))
        worker.set_vertices(np.ascontiguousarray(mesh.points))
        (worker.set_triangles if flat else worker.set_tetrahedra)(cells, tagged.labels.astype(np.int32))
        if len(facets):
            (worker.set_edges if flat else worker.set_triangles)(facets, tagged.facet_labels.astype(np.int32))
        _require(worker, tagged, flat)
        worker.set_field("tensor", np.ascontiguousarray(metric, float))
        worker.remesh(verbose=-1, hgrad=GRADATION)
        return _told(worker, tagged, flat)
    except RuntimeError as error:
        raise SolverError(f"MMG could not remesh: {error}") from error


def _require(worker: Any, tagged: Tagged, flat: bool) -> None:
    """Tell MMG which vertices stay where they are and which facets stay as they are."""
    if not len(tagged.held):
        return
    worker.set_required_vertices(tagged.held.astype(np.int32))
    whole = np.flatnonzero(np.isin(tagged.facets, tagged.held).all(1)).astype(np.int32)
    if len(whole):
        (worker.set_required_edges if flat else worker.set_required_triangles)(whole)


def _told(worker: Any, tagged: Tagged, flat: bool) -> Tagged:
    """Return what MMG made, without vertices that no cell uses."""
    points = np.asarray(worker.get_vertices(), float)
    cells, labels = (worker.get_triangles_with_refs if flat else worker.get_tetrahedra_with_refs)()
    facets, marks = (worker.get_edges_with_refs if flat else worker.get_triangles_with_refs)()
    used, renumbered = np.unique(np.asarray(cells, np.int64), return_inverse=True)
    place = np.full(len(points), -1)
    place[used] = np.arange(len(used))
    own, marks = place[np.asarray(facets, np.int64)], np.asarray(marks, np.int64)
    kept = (own >= 0).all(1) & np.isin(marks, tagged.facet_labels)  # in space, MMG lists interfaces of its own finding
    mesh = Mesh(points[used], renumbered.reshape(np.shape(cells)), tagged.mesh.kind)
    held = [int(np.argmin(((mesh.points - x) ** 2).sum(1))) for x in tagged.mesh.points[tagged.held]]
    return Tagged(mesh, np.asarray(labels, np.int64), own[kept], marks[kept], np.array(held, np.int64))


def _size(tagged: Tagged) -> int:
    return len(tagged.mesh.points)
