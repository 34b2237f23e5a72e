"""Exact visibility of triangle meshes at pixel centres: what ray casting gives, all rays of a camera at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import ceil, floor, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.envs.manipulation.vision.camera import Array, Camera

Indices = NDArray[np.intp]
NEAREST = 1e-3
"""Depth in m before which nothing lies wholly in front of a camera."""


@dataclass(frozen=True)
class Mesh:
    """Triangles in their own frame: ``vertices`` (V, 3) in m and ``faces`` (F, 3)."""

    vertices: Array
    faces: NDArray[np.int32]


class Rasteriser:
    """Finds which of a set of meshes each pixel of a camera sees, and how far away.

    A pixel sees a triangle where its centre lies within the triangle's picture. Inverse depth is affine over that
    picture, so its value at the centre is that of the ray through it: distances equal those of ray casting to rounding.
    The loops over vertices, faces and pixels are compiled by numba at the first call of a machine, and kept on disk.
    """

    def __init__(self, camera: Camera, meshes: Sequence[Mesh]) -> None:
        self._camera = camera
        vertex = np.array([0, *accumulate(len(mesh.vertices) for mesh in meshes)], np.uint64)
        face = np.array([0, *accumulate(len(mesh.faces) for mesh in meshes)], np.uint64)
        faces = [mesh.faces.astype(np.uint64) + start for mesh, start in zip(meshes, vertex[:-1], strict=True)]
        self._starts = np.stack([vertex, face])
        self._vertices = np.concatenate([np.empty((0, 3)), *(mesh.vertices for mesh in meshes)]).T.copy()
        self._faces = np.concatenate([np.empty((0, 3), np.uint64), *faces]).T.astype(np.uint32)
        self._picture = np.empty_like(self._vertices)

    def __call__(self, chosen: Sequence[int], places: Array, turns: Array) -> tuple[Indices, Array, Indices]:
        """Return the pixels covered (M,), the inverse depth along the axis (M,) in 1/m, and which mesh it is (M,).

        ``chosen`` are mesh numbers; ``places`` (K, 3) and ``turns`` (K, 3, 3) put those meshes into the world, in
        front of the camera entirely. Of meshes as near at a pixel, the first that was chosen is seen.
        """
        camera = self._camera
        moves = np.ascontiguousarray(turns.transpose(0, 2, 1) @ camera.rotation)
        offsets = (places - camera.position) @ camera.rotation
        inverse, owner = np.zeros((camera.height, camera.width)), np.full((camera.height, camera.width), -1)
        compiled(cover)(
            self._vertices, self._faces, self._starts, np.asarray(chosen, np.uint64), moves, offsets, camera.focal,
            self._picture, inverse, owner,
        )  # fmt: skip
        seen = np.flatnonzero(owner >= 0)
        return seen, inverse.ravel()[seen], owner.ravel()[seen]


def cover(
    vertices: Array, faces: NDArray[np.uint32], starts: NDArray[np.uint64], chosen: NDArray[np.uint64], moves: Array,
    offsets: Array, focal: float, picture: Array, inverse: Array, owner: Indices,
) -> None:  # fmt: skip
    """Write inverse depth and mesh number of what is nearest at each pixel into ``inverse`` and ``owner``, both (H, W).

    ``vertices`` (3, V) and ``faces`` (3, F) are those of all meshes; ``starts`` (2, meshes + 1) says where each one's
    begin. ``picture`` (3, V) is scratch: column, row and inverse depth of the vertices. Plain Python, slow; numba
    compiles it. Indices are unsigned, since numba looks twice at those that might count from the end.
    """
    height, width = inverse.shape
    half_width, half_height = width / 2, height / 2
    xs, ys, zs = vertices[0], vertices[1], vertices[2]
    us, vs, near = picture[0], picture[1], picture[2]
    for k in range(len(chosen)):
        mesh = chosen[k]
        m, to = moves[k], offsets[k]
        xx, xy, xz, yx, yy, yz, zx, zy, zz = (
            m[0, 0],
            m[0, 1],
            m[0, 2],
            m[1, 0],
            m[1, 1],
            m[1, 2],
            m[2, 0],
            m[2, 1],
            m[2, 2],
        )
        dx, dy, dz = to[0], to[1], to[2]
        for n in range(starts[0, mesh], starts[0, mesh + np.uint64(1)]):
            a, b, c = xs[n], ys[n], zs[n]
            inv = -1.0 / (a * xz + b * yz + c * zz + dz)
            us[n] = half_width + focal * (a * xx + b * yx + c * zx + dx) * inv
            vs[n] = half_height - focal * (a * xy + b * yy + c * zy + dy) * inv
            near[n] = inv
        for f in range(starts[1, mesh], starts[1, mesh + np.uint64(1)]):
            p, q, r = faces[0, f], faces[1, f], faces[2, f]
            up, uq, ur = us[p], us[q], us[r]
            low, high = (up, uq) if up < uq else (uq, up)
            low, high = (ur if ur < low else low), (ur if ur > high else high)
            left, right = ceil(low - 0.5), floor(high - 0.5)
            if left > right:  # no centre of a column within: most faces of a fine mesh end here or below
                continue
            vp, vq, vr = vs[p], vs[q], vs[r]
            low, high = (vp, vq) if vp < vq else (vq, vp)
            low, high = (vr if vr < low else low), (vr if vr > high else high)
            top, bottom = ceil(low - 0.5), floor(high - 0.5)
            area = (uq - up) * (vr - vp) - (ur - up) * (vq - vp)
            if top > bottom or area == 0.0:
                continue
            left, right = max(left, 0), min(right, width - 1)
            top, bottom = max(top, 0), min(bottom, height - 1)
            turn = 1.0 / area
            px, py, p0 = (vq - vr) * turn, (ur - uq) * turn, (uq * vr - ur * vq) * turn
            qx, qy, q0 = (vr - vp) * turn, (up - ur) * turn, (ur * vp - up * vr) * turn
            rx, ry, r0 = (vp - vq) * turn, (uq - up) * turn, (up * vq - uq * vp) * turn
            for row in range(top, bottom + 1):
                for column in range(left, right + 1):
                    x, y = column + 0.5, row + 0.5
                    wp, wq, wr = px * x + py * y + p0, qx * x + qy * y + q0, rx * x + ry * y + r0
                    if wp < 0 or wq < 0 or wr < 0:
                        continue
                    depth = (wp * near[p] + wq * near[q] + wr * near[r]) / (wp + wq + wr)
                    if depth > inverse[row, column]:
                        inverse[row, column], owner[row, column] = depth, mesh


def enclose(
    offsets: Array, turns: Array, corners: Array, radius: Array, rotation: Array, focal: float, width: int, height: int,
    boxes: NDArray[np.int64], clear: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Write the rectangles that boxes cover in the picture, a pixel wider: left, top, right + 1, bottom + 1, (M, 4).

    ``offsets`` (M, 3) lead from the camera to the boxes' frames, ``turns`` (M, 3, 3) turn those; ``corners`` (M, 8, 3)
    are in them. ``clear`` (M,) becomes which of them lie in front of the camera; the others, and those without a
    ``radius``, which have no bounds, may be anywhere.
    """
    for k in range(len(offsets)):
        clear[k] = radius[k] > 0
        left, top, right, bottom = float(width), float(height), 0.0, 0.0
        for n in range(8):
            x, y, depth = 0.0, 0.0, 0.0
            for i in range(3):
                at = offsets[k, i]
                for j in range(3):
                    at += turns[k, i, j] * corners[k, n, j]
                x, y, depth = x + at * rotation[i, 0], y + at * rotation[i, 1], depth - at * rotation[i, 2]
            if depth <= NEAREST:
                clear[k] = False
                break
            u, v = width / 2 + focal * x / depth, height / 2 - focal * y / depth
            left, right, top, bottom = min(left, u), max(right, u), min(top, v), max(bottom, v)
        if not clear[k]:
            left, top, right, bottom = 0.0, 0.0, float(width), float(height)
        boxes[k, 0] = min(max(floor(left) - 1, 0), width)
        boxes[k, 1] = min(max(floor(top) - 1, 0), height)
        boxes[k, 2] = max(min(ceil(right) + 1, width), boxes[k, 0])
        boxes[k, 3] = max(min(ceil(bottom) + 1, height), boxes[k, 1])


def meet(directions: Array, offsets: Array, radii: Array, distance: Array, index: NDArray[np.int64]) -> None:
    """Write how far rays (N, 3) from the origin go to the nearest of some spheres they meet, and which one it is.

    ``offsets`` (K, 3) are the spheres' centres, ``radii`` (K,) theirs; ``distance`` (N,) begins at infinity.
    """
    for k in range(len(offsets)):
        x, y, z = offsets[k, 0], offsets[k, 1], offsets[k, 2]
        beyond = x * x + y * y + z * z - radii[k] * radii[k]
        for n in range(len(directions)):
            along = directions[n, 0] * x + directions[n, 1] * y + directions[n, 2] * z
            discriminant = along * along - beyond
            if discriminant > 0:
                found = along - sqrt(discriminant)
                if 0 < found < distance[n]:
                    distance[n], index[n] = found, k


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of loops in machine code. Numba, half a second to import, is loaded when it is needed."""
    from numba import njit

    found: Callable[..., Any] = njit(cache=True, error_model="numpy")(function)
    return found
