"""Exact visibility of triangle meshes at pixel centres: what ray casting gives, all rays of a camera at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, floor, sqrt

import numpy as np
from numpy.typing import NDArray

from simplatform.envs.manipulation.vision.camera import Array, Camera
from simplatform.envs.manipulation.vision.compiling import compiled

Indices = NDArray[np.intp]
NEAREST = 1e-3
"""Depth in m before which nothing lies wholly in front of a camera."""
EARLIER, LATER = 0.5 + 1e-6, 0.5 - 1e-6
"""Where centres are in pixels, with room for rounding."""
MOST = 32
"""Triangles in a group; their vertices are counted by bytes."""


@dataclass(frozen=True)
class Mesh:
    """Triangles in their own frame: ``vertices`` (V, 3) in m, of either precision, and ``faces`` (F, 3)."""

    vertices: NDArray[np.floating]
    faces: NDArray[np.int32]


class Clusters:
    """The triangles of all meshes in groups of neighbours, each within a sphere: what is tested before any of them.

    At the resolution of a point cloud most triangles of a fine mesh lie between pixel centres, and whole groups do.
    ``corners`` (3, V) are the groups' own vertices in their meshes' frames and precision (float32 is MuJoCo's, and
    leaves more of a processor's cache to it), ``faces`` (3, F) their triangles, counted within the group. ``first``
    (2, groups + 1) tells where each group's vertices and faces begin, ``of_mesh`` (meshes + 1,) where each mesh's
    groups do; ``spheres`` (4, groups) are centres and radii in m.
    """

    def __init__(self, meshes: Sequence[Mesh], size: int = MOST) -> None:
        groups = [_grouped(mesh, size) for mesh in meshes]
        corners, faces, counts, spheres = zip(*groups, strict=True) if groups else ((), (), (), ())
        self.corners = np.concatenate([np.empty((3, 0), np.float32), *corners], 1)
        self.faces = np.concatenate([np.empty((3, 0), np.uint8), *faces], 1)
        self.spheres = np.concatenate([np.empty((4, 0)), *spheres], 1)
        each = np.concatenate([np.empty((2, 0), int), *counts], 1)
        self.first = np.concatenate([np.zeros((2, 1), int), each.cumsum(1)], 1).astype(np.uint64)
        self.of_mesh = np.array([0, *accumulate(part.shape[1] for part in counts)], np.uint64)


def _grouped(mesh: Mesh, size: int) -> tuple[NDArray[np.floating], NDArray[np.uint8], Indices, Array]:
    """Return vertices (3, V), faces (3, F), the groups' numbers of both (2, G) and their spheres (4, G)."""
    if not len(mesh.faces):
        return np.empty((3, 0), np.float32), np.empty((3, 0), np.uint8), np.empty((2, 0), int), np.empty((4, 0))
    faces = mesh.faces[_along_a_curve(mesh.vertices[mesh.faces].mean(1))].astype(np.int64)
    group = np.arange(len(faces)) // size
    keys, local = np.unique(group[:, None] * len(mesh.vertices) + faces, return_inverse=True)
    corners, owner = mesh.vertices[keys % len(mesh.vertices)], keys // len(mesh.vertices)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    exact = corners.astype(np.float64)
    centre = (np.minimum.reduceat(exact, starts) + np.maximum.reduceat(exact, starts)) / 2
    radius = np.maximum.reduceat(np.linalg.norm(exact - centre[owner], axis=1), starts)
    counts = np.stack([np.bincount(owner), np.bincount(group)])
    within = local.reshape(faces.shape) - starts[group][:, None]
    return corners.T, within.T.astype(np.uint8), counts, np.vstack([centre.T, radius])


def _along_a_curve(places: NDArray[np.floating]) -> Indices:
    """Return an order of places (F, 3) in which neighbours stay together: Morton's, of 2¹⁰ cells along each axis."""
    low = places.min(0)
    cells = ((places - low) * (1023 / max(float(np.ptp(places, axis=0).max()), 1e-12))).astype(np.int64)
    code = np.zeros(len(places), np.int64)
    for bit in range(10):
        for axis in range(3):
            code |= ((cells[:, axis] >> bit) & 1) << (3 * bit + axis)
    return np.argsort(code, kind="stable")


class Rasteriser:
    """Finds which of a set of meshes each pixel of a camera sees, and how far away.

    A pixel sees a triangle where its centre lies within the triangle's picture. Inverse depth is affine over that
    picture, so its value at the centre is that of the ray through it: distances equal those of ray casting to rounding.
    The loops over groups, vertices, faces and pixels are compiled by numba at the first call of a machine, and kept on
    disk.
    """

    def __init__(self, camera: Camera, meshes: Sequence[Mesh]) -> None:
        self._camera, self._clusters = camera, Clusters(meshes)
        shape = camera.height, camera.width
        self._everywhere = np.multiply.outer(np.arange(shape[0] + 1), np.arange(shape[1] + 1))
        self._inverse, self._owner = np.empty(shape), np.empty(shape, np.intp)

    def __call__(
        self, chosen: Indices, places: Array, turns: Array, wanted: NDArray[np.int64] | None = None
    ) -> tuple[Array, Indices]:
        """Return each pixel's inverse depth along the axis in 1/m (0 without a mesh) and its mesh (−1), both (H, W).

        ``chosen`` (K,) are mesh numbers; ``places`` (K, 3) and ``turns`` (K, 3, 3) put those meshes into the world, in
        front of the camera entirely. Of meshes as near at a pixel, the first that was chosen is seen. ``wanted``
        (H + 1, W + 1) is how many pixels of interest there are above and left of each corner: what covers none of them
        may be left out. The answer is overwritten by the next call.
        """
        camera, clusters = self._camera, self._clusters
        compiled(cover)(
            clusters.corners, clusters.faces, clusters.first, clusters.of_mesh, clusters.spheres, chosen, places, turns,
            camera.position, camera.rotation, camera.focal, self._everywhere if wanted is None else wanted,
            self._inverse, self._owner,
        )  # fmt: skip
        return self._inverse, self._owner


def cover(
    vertices: NDArray[np.floating], faces: NDArray[np.uint8], first: NDArray[np.uint64], of_mesh: NDArray[np.uint64],
    spheres: Array, chosen: Indices, places: Array, turns: Array, position: Array, rotation: Array, focal: float,
    wanted: NDArray[np.int64], inverse: Array, owner: Indices,
) -> None:  # fmt: skip
    """Write inverse depth and mesh number of what is nearest at each pixel into ``inverse`` and ``owner``, both (H, W).

    The first five are those of ``Clusters``, the others are told of in ``Rasteriser`` and ``Camera``. Plain Python,
    slow; numba compiles it. Indices are unsigned, since numba looks twice at those that might count from the end.
    """
    inverse[:], owner[:] = 0.0, -1
    groups, hit = np.empty(spheres.shape[1] + 1, np.uint64), np.empty(MOST + 1, np.uint64)
    seen, pixels = np.empty((3, 3 * MOST)), np.empty((2, 3 * MOST), np.int32)
    frame, one = np.empty((4, 3)), np.uint64(1)
    for number in range(len(chosen)):
        mesh = np.uint64(chosen[number])
        into_camera(places[number], turns[number], position, rotation, frame)
        kept = groups_in_view(spheres, of_mesh[mesh], of_mesh[mesh + one], frame, focal, wanted, groups)
        for at in range(kept):
            g = groups[at]
            project(vertices, first[0, g], first[0, g + one], frame, focal, wanted, seen, pixels)
            many = over_centres(faces, first[1, g], first[1, g + one], pixels, hit)
            for n in range(many):
                f = hit[n]
                fill(seen, faces[0, f], faces[1, f], faces[2, f], chosen[number], inverse, owner)


def into_camera(place: Array, turn: Array, position: Array, rotation: Array, frame: Array) -> None:
    """Write what takes a mesh's frame into the camera's: the turn (3, 3), a row an axis of the mesh, and the place."""
    for j in range(3):
        frame[3, j] = 0.0
        for i in range(3):
            frame[i, j] = 0.0
            frame[3, j] += (place[i] - position[i]) * rotation[i, j]
            for k in range(3):
                frame[i, j] += turn[k, i] * rotation[k, j]


def groups_in_view(
    spheres: Array, begin: np.uint64, end: np.uint64, frame: Array, focal: float, wanted: NDArray[np.int64],
    groups: NDArray[np.uint64],
) -> int:  # fmt: skip
    """Write which of the groups from ``begin`` to ``end`` may cover a pixel of interest; return how many there are."""
    height, width = wanted.shape[0] - 1, wanted.shape[1] - 1
    half_width, half_height = width / 2, height / 2
    (xx, xy, xz), (yx, yy, yz) = (frame[0, 0], frame[0, 1], frame[0, 2]), (frame[1, 0], frame[1, 1], frame[1, 2])
    (zx, zy, zz), (dx, dy, dz) = (frame[2, 0], frame[2, 1], frame[2, 2]), (frame[3, 0], frame[3, 1], frame[3, 2])
    kept = 0
    for g in range(begin, end):
        a, b, c, radius = spheres[0, g], spheres[1, g], spheres[2, g], spheres[3, g]
        x, y = a * xx + b * yx + c * zx + dx, -(a * xy + b * yy + c * zy + dy)
        depth = -(a * xz + b * yz + c * zz + dz)
        close, distant = focal / max(depth - radius, NEAREST), focal / (depth + radius)
        low, high = x - radius, x + radius
        left = max(ceil(half_width + (low * close if low < 0 else low * distant) - EARLIER), 0)
        right = min(floor(half_width + (high * close if high > 0 else high * distant) - LATER), width - 1)
        low, high = y - radius, y + radius
        top = max(ceil(half_height + (low * close if low < 0 else low * distant) - EARLIER), 0)
        bottom = min(floor(half_height + (high * close if high > 0 else high * distant) - LATER), height - 1)
        inside = (left <= right) & (top <= bottom)
        left, right = (left, right + 1) if inside else (0, 0)
        top, bottom = (top, bottom + 1) if inside else (0, 0)
        open_ = wanted[bottom, right] - wanted[top, right] - wanted[bottom, left] + wanted[top, left]
        groups[kept] = g  # without branches: no processor guesses these
        kept += (open_ > 0) | (depth - radius <= NEAREST)
    return kept


def project(
    vertices: NDArray[np.floating], begin: np.uint64, end: np.uint64, frame: Array, focal: float,
    wanted: NDArray[np.int64], seen: Array, pixels: NDArray[np.int32],
) -> None:  # fmt: skip
    """Write columns, rows and inverse depths (3, V) of a group's vertices, and the first centres after them (2, V)."""
    half_width, half_height = (wanted.shape[1] - 1) / 2, (wanted.shape[0] - 1) / 2
    (xx, xy, xz), (yx, yy, yz) = (frame[0, 0], frame[0, 1], frame[0, 2]), (frame[1, 0], frame[1, 1], frame[1, 2])
    (zx, zy, zz), (dx, dy, dz) = (frame[2, 0], frame[2, 1], frame[2, 2]), (frame[3, 0], frame[3, 1], frame[3, 2])
    xs, ys, zs = vertices[0, begin:end], vertices[1, begin:end], vertices[2, begin:end]
    us, vs, near, columns, rows = seen[0], seen[1], seen[2], pixels[0], pixels[1]
    for n in range(len(xs)):
        a, b, c = xs[n], ys[n], zs[n]
        inv = -1.0 / (a * xz + b * yz + c * zz + dz)
        u = half_width + focal * (a * xx + b * yx + c * zx + dx) * inv
        v = half_height - focal * (a * xy + b * yy + c * zy + dy) * inv
        us[n], vs[n], near[n] = u, v, inv
        columns[n], rows[n] = ceil(u - 0.5), ceil(v - 0.5)


def over_centres(
    faces: NDArray[np.uint8], begin: np.uint64, end: np.uint64, pixels: NDArray[np.int32], hit: NDArray[np.uint64]
) -> int:
    """Write which faces have a centre of a column and one of a row between their vertices; return how many."""
    columns, rows, many = pixels[0], pixels[1], 0
    for f in range(begin, end):
        p, q, r = faces[0, f], faces[1, f], faces[2, f]
        across = (columns[p] ^ columns[q]) | (columns[p] ^ columns[r])
        down = (rows[p] ^ rows[q]) | (rows[p] ^ rows[r])
        hit[many] = f
        many += (across != 0) & (down != 0)
    return many


def fill(seen: Array, p: int, q: int, r: int, mesh: int, inverse: Array, owner: Indices) -> None:
    """Let one triangle cover the pixels whose centres lie within it, where it is nearer than what was there."""
    height, width = inverse.shape
    up, uq, ur, vp, vq, vr = seen[0, p], seen[0, q], seen[0, r], seen[1, p], seen[1, q], seen[1, r]
    area = (uq - up) * (vr - vp) - (ur - up) * (vq - vp)
    if area == 0.0:
        return
    left, right = max(ceil(min(up, uq, ur) - 0.5), 0), min(floor(max(up, uq, ur) - 0.5), width - 1)
    top, bottom = max(ceil(min(vp, vq, vr) - 0.5), 0), min(floor(max(vp, vq, vr) - 0.5), height - 1)
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
            depth = (wp * seen[2, p] + wq * seen[2, q] + wr * seen[2, r]) / (wp + wq + wr)
            if depth > inverse[row, column]:
                inverse[row, column], owner[row, column] = depth, mesh


def settle(
    inverse: Array, owner: Indices, cosine: Array, numbers: NDArray[np.int64], distance: Array, geom: NDArray[np.int32]
) -> None:
    """Lower ``distance`` (H·W,), and say in ``geom`` (H·W,) by which geom, where a mesh of ``cover`` is nearer.

    ``cosine`` (H·W,) are those between rays and the camera's axis, ``numbers`` the geoms of the meshes.
    """
    height, width = inverse.shape
    for row in range(height):
        for column in range(width):
            if owner[row, column] >= 0:
                pixel = row * width + column
                found = 1.0 / (inverse[row, column] * cosine[pixel])
                if found < distance[pixel]:
                    distance[pixel], geom[pixel] = found, numbers[owner[row, column]]


def inside(
    distance: Array, near: Array, far: Array, position: Array, directions: Array, points: NDArray[np.float32]
) -> int:
    """Write the points (≤ N, 3) that rays (N, 3) meet between ``near`` and ``far`` (N,); return how many there are."""
    count = 0
    for n in range(len(distance)):
        at = distance[n]
        if near[n] < at < far[n]:
            for axis in range(3):
                points[count, axis] = position[axis] + directions[n, axis] * at
            count += 1
    return count


def lower(distance: Array, which: Indices, found: Array) -> None:
    """Lower some of the distances (N,) to those that were ``found`` (K,) for ``which`` (K,) of them."""
    for k in range(len(which)):
        distance[which[k]] = min(distance[which[k]], found[k])


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
