"""Exact visibility of triangle meshes at pixel centres: what ray casting gives, many rays at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simplatform.envs.manipulation.vision.camera import Array, Camera

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Mesh:
    """Triangles in their own frame: ``vertices`` (V, 3) in m and ``faces`` (F, 3)."""

    vertices: Array
    faces: NDArray[np.int32]


class Rasteriser:
    """Finds which of a set of meshes each pixel of a camera sees, and how far away.

    A pixel sees a triangle where its centre lies within the triangle's picture. Inverse depth is affine over that
    picture, so its value at the centre is that of the ray through it: distances equal those of ray casting to rounding.
    """

    def __init__(self, camera: Camera, meshes: Sequence[Mesh]) -> None:
        self._camera, self._meshes = camera, meshes
        self._joined = lru_cache(maxsize=32)(self._join)

    def __call__(self, chosen: Sequence[int], places: Array, turns: Array) -> tuple[Indices, Array, Indices]:
        """Return the pixels covered (M,), the inverse depth along the axis (M,) in 1/m, and which mesh it is (M,).

        ``chosen`` are mesh numbers; ``places`` (K, 3) and ``turns`` (K, 3, 3) put those meshes into the world, in
        front of the camera entirely.
        """
        camera = self._camera
        faces, owner = self._joined(tuple(chosen))
        moves = turns.transpose(0, 2, 1) @ camera.rotation
        offsets = (places - camera.position) @ camera.rotation
        x, y, z = np.concatenate(
            [self._meshes[k].vertices @ move + to for k, move, to in zip(chosen, moves, offsets, strict=True)]
        ).T
        inverse = -1.0 / z
        u, v = camera.width / 2 + camera.focal * x * inverse, camera.height / 2 - camera.focal * y * inverse
        kept, left, wide = _span(u, faces, camera.width)
        faces, owner = faces[:, kept], owner[kept]
        kept, top, tall = _span(v, faces, camera.height)
        faces, owner = faces[:, kept], owner[kept]
        face, column, row = _pixels(left[kept], wide[kept], top, tall)
        inside, weights = _inside(u[faces], v[faces], face, column, row)
        face = face[inside]
        depth = (weights * inverse[faces[:, face]]).sum(axis=0) / weights.sum(axis=0)
        return _nearest(row[inside] * camera.width + column[inside], depth, owner[face])

    def _join(self, chosen: tuple[int, ...]) -> tuple[NDArray[np.int32], Indices]:
        """Return the faces of some meshes as (3, F) of their vertices put one after another, and each face's mesh."""
        meshes = [self._meshes[k] for k in chosen]
        starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
        faces = np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)])
        return np.ascontiguousarray(faces.T), np.repeat(chosen, [len(mesh.faces) for mesh in meshes])


def _span(values: Array, faces: NDArray[np.int32], size: int) -> tuple[Indices, Indices, Indices]:
    """Return the faces that hold a pixel centre along one axis, the first centre within, and how many there are."""
    a, b, c = values[faces]
    first = np.ceil(np.minimum(np.minimum(a, b), c) - 0.5)
    last = np.floor(np.maximum(np.maximum(a, b), c) - 0.5)
    np.maximum(first, 0, out=first)
    np.minimum(last, size - 1, out=last)
    kept = np.flatnonzero(last >= first)
    first = first[kept]
    return kept, first.astype(np.intp), (last[kept] - first).astype(np.intp) + 1


def _pixels(left: Indices, wide: Indices, top: Indices, tall: Indices) -> tuple[Indices, Indices, Indices]:
    """Return face number, column and row of all pixels in the faces' rectangles."""
    count = wide * tall
    face = np.repeat(np.arange(len(count)), count)
    offset = np.arange(len(face)) - np.repeat(np.cumsum(count) - count, count)
    row = offset // wide[face]
    return face, left[face] + offset - row * wide[face], top[face] + row


def _inside(u: Array, v: Array, face: Indices, column: Indices, row: Indices) -> tuple[Indices, Array]:
    """Return which candidates lie in their face, and the weights (3, M) of the corners there: edge functions.

    ``u`` and ``v`` (3, F) are the corners' places in the picture. Each edge is tested on what the edges before it left.
    """
    x, y = column + 0.5, row + 0.5
    area = (u[1] - u[0]) * (v[2] - v[0]) - (u[2] - u[0]) * (v[1] - v[0])
    turn = np.divide(1.0, area, out=np.zeros_like(area), where=area != 0)
    left = np.flatnonzero(turn[face] != 0)
    weights: list[Array] = []
    for i, j in ((1, 2), (2, 0), (0, 1)):
        across, down = (v[i] - v[j]) * turn, (u[j] - u[i]) * turn
        start = (u[i] * v[j] - u[j] * v[i]) * turn
        f = face[left]
        weight = across[f] * x[left] + down[f] * y[left] + start[f]
        within = weight >= 0
        left, weights = left[within], [w[within] for w in (*weights, weight)]
    return left, np.stack(weights)


def _nearest(pixel: Indices, inverse: Array, owner: Indices) -> tuple[Indices, Array, Indices]:
    """Return the distinct pixels, with the largest inverse depth at each and its owner."""
    order = np.lexsort((-inverse, pixel))
    pixel = pixel[order]
    first = np.ones(len(pixel), bool)
    first[1:] = pixel[1:] != pixel[:-1]
    winner = order[first]
    return pixel[first], inverse[winner], owner[winner]
