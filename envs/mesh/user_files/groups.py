"""Groups of a mesh file: materials of cells, named boundaries, interfaces, embedded points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simplatform.envs.mesh.geometry.files import OWN
from simplatform.envs.mesh.geometry.mesh import Ints
from simplatform.envs.mesh.user_files.mesh_file import MeshFile

PHYSICAL, GEOMETRICAL = "gmsh:physical", "gmsh:geometrical"
FACETS = {1: ("vertex",), 2: ("line",), 3: ("triangle", "quad")}
"""Kinds of cells that are facets of cells of a dimension."""
UNTAGGED = -1
"""Tag of cells in a file that has none."""


@dataclass(frozen=True)
class Groups:
    """What a file's tags say, in numbers of the movable mesh's vertices.

    ``labels (C,)`` tell materials apart; ``facets`` ``(F, k)`` with ``facet_labels (F,)`` are boundaries or interfaces
    that the file lists; ``edges (E, 2)`` and ``points (P,)`` what is embedded; ``names`` maps a group's name to its
    vertices.
    """

    labels: Ints
    facets: Ints
    facet_labels: Ints
    edges: Ints
    points: Ints
    names: dict[str, Ints]


def groups_of(file: MeshFile) -> Groups:
    """Read materials, facets, edges and points of a file."""
    mesh, dim = file.mesh, file.mesh.dim
    number = np.full(len(file.data.points), -1)
    number[file.used] = np.arange(len(file.used))
    labels = _materials(file)
    facets, facet_labels = _cells(file, FACETS[dim], number)
    edges, _ = _cells(file, ("line",) if dim == 3 else (), number)
    points, _ = _cells(file, ("vertex",) if dim > 1 else (), number)
    width = {1: 1, 2: 2, 3: 3}[dim]
    return Groups(
        labels,
        facets.reshape(-1, width) if len(facets) else np.zeros((0, width), np.int64),
        facet_labels,
        edges.reshape(-1, 2) if len(edges) else np.zeros((0, 2), np.int64),
        points.ravel(),
        _named(file, number, mesh.kind),
    )


def _materials(file: MeshFile) -> Ints:
    """Return a number for each combination of the integers that the file gives to its cells.

    Gmsh's numbers of entities only count where it gives no physical groups; numbers that differ in all cells are their
    names and no materials.
    """
    kept = []
    data = file.data.cell_data
    for name, blocks in data.items():
        if name == GEOMETRICAL and PHYSICAL in data:
            continue
        values = _of_kind(file, blocks)
        whole = values.dtype.kind in "iu" or (values.dtype.kind == "f" and bool((values == np.rint(values)).all()))
        if values.ndim == 1 and whole and 1 < len(np.unique(values)) < len(values) / 2:
            kept.append(values.astype(np.int64))
    for sets in _sets(file).values():
        kept.append(_of_kind(file, [_member(part, block) for part, block in zip(sets, file.data.cells, strict=True)]))
    if not kept:
        return np.zeros(len(file.mesh.cells), np.int64)
    return np.unique(np.stack(kept, 1), axis=0, return_inverse=True)[1].ravel()


def _sets(file: MeshFile) -> dict[str, list[Ints | None]]:
    """Return the sets of cells by name; Gmsh's notes of which entity bounds which are none."""
    return {str(name): sets for name, sets in file.data.cell_sets.items() if not str(name).startswith(OWN)}


def _of_kind(file: MeshFile, blocks: list[Ints]) -> Ints:
    parts = [
        np.asarray(values)
        for values, block in zip(blocks, file.data.cells, strict=True)
        if block.type == file.mesh.kind
    ]
    return np.concatenate(parts)


def _member(part: Ints | None, block: object) -> Ints:
    size = len(block.data)  # type: ignore[attr-defined]  # a block of meshio, which has no types
    inside = np.zeros(size, np.int64)
    if part is not None:
        inside[np.asarray(part, np.int64)] = 1
    return inside


def _cells(file: MeshFile, kinds: tuple[str, ...], number: Ints) -> tuple[Ints, Ints]:
    """Return cells of some kinds in the movable mesh's numbers, and their tags; those of vertices that no cell uses are
    left out. Quadrilaterals become two triangles.
    """
    tags = file.data.cell_data.get(PHYSICAL) or next(
        (v for k, v in file.data.cell_data.items() if k.startswith(("medit", "gmsh"))), None
    )
    cells, labels = [], []
    for index, block in enumerate(file.data.cells):
        if block.type not in kinds or not len(block.data):
            continue
        found = number[np.asarray(block.data, np.int64)]
        tag = np.asarray(tags[index], np.int64) if tags is not None else np.full(len(found), UNTAGGED)
        if block.type == "quad":
            found, tag = np.concatenate([found[:, :3], found[:, [0, 2, 3]]]), np.tile(tag, 2)
        inside = (found >= 0).all(1)
        cells.append(found[inside])
        labels.append(tag[inside])
    if not cells:
        return np.zeros((0, 1), np.int64), np.zeros(0, np.int64)
    return np.concatenate(cells), np.concatenate(labels)


def _named(file: MeshFile, number: Ints, kind: str) -> dict[str, Ints]:
    """Return the vertices of each named group: Gmsh's physical names, and sets of cells and points."""
    found: dict[str, list[Ints]] = {}
    tags = file.data.cell_data.get(PHYSICAL)
    for name, (tag, dim) in (
        (str(k), np.asarray(v, int)[:2]) for k, v in file.data.field_data.items() if np.size(v) >= 2
    ):
        for index, block in enumerate(file.data.cells if tags is not None else ()):
            if getattr(block, "dim", dim) == dim and tags is not None:
                found.setdefault(name, []).append(np.asarray(block.data)[np.asarray(tags[index]) == tag].ravel())
    for name, sets in _sets(file).items():
        for part, block in zip(sets, file.data.cells, strict=True):
            if part is not None and len(part):
                found.setdefault(name, []).append(np.asarray(block.data)[np.asarray(part, np.int64)].ravel())
    for name, members in file.data.point_sets.items():
        found.setdefault(str(name), []).append(np.asarray(members, np.int64).ravel())
    result = {}
    for name, parts in found.items():
        vertices = number[np.unique(np.concatenate(parts).astype(np.int64))]
        result[name] = vertices[vertices >= 0]
    return result
