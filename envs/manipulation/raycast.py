"""Depth by ray casting with ``mj_multiRay``: no GL, no display, the same on every machine."""

from __future__ import annotations

from copy import copy
from itertools import product

import mujoco
import numpy as np
from numpy.typing import NDArray
from simplatform.envs.manipulation.camera import Array, Camera

VISIBLE_GROUPS = (1, 1, 1, 0, 0, 0)
"""Geom groups that MuJoCo draws by default; collision shapes are in the others."""

_CORNERS = np.array(list(product((-1.0, 1.0), repeat=3)))
Geoms = NDArray[np.int32]


def castable(model: mujoco.MjModel) -> mujoco.MjModel:
    """Return a copy of the model in which ``mj_multiRay`` tests every geom, as ``mj_ray`` does.

    Its culling loses rays: MuJoCo 3.3 forgets to turn a body's bounding sphere with the body (engine_ray.c), which costs a
    hammer half its handle. Bodies without a bounding volume are never culled.
    """
    scene = copy(model)
    scene.body_bvhadr[:] = -1
    return scene


def multi_ray(
    model: mujoco.MjModel, data: mujoco.MjData, origin: Array, directions: Array, *, static: bool = True
) -> tuple[Array, Geoms]:
    """Return the distance in m (inf for none) and the geom (−1 for none) that rays from one origin (3,) meet first.

    ``directions`` (N, 3) are unit vectors; without ``static``, bodies that are welded to the world are passed through.
    ``model`` comes from ``castable``.
    """
    count = len(directions)
    distance, geom = np.full(count, -1.0), np.full(count, -1, np.int32)
    if count:
        groups, anyone = np.array(VISIBLE_GROUPS, np.uint8), -1
        flat = np.ascontiguousarray(directions).ravel()
        mujoco.mj_multiRay(model, data, origin, flat, groups, static, anyone, geom, distance, count, mujoco.mjMAXVAL)
    distance[geom < 0] = np.inf
    return distance, geom


class RayCaster:
    """Casts one ray per pixel of a fixed camera, and again only those that something moving may meet.

    Geoms of bodies that are welded to the world are cast once and kept until one of them is moved (environments
    place objects by writing body positions). Moving geoms are cast within the rectangles that their bounding boxes
    cover in the picture. The result is the same, to the bit, as ``mj_ray`` for every pixel.

    ``reach`` = (near, far), each (height·width,) in m, tells which part of each ray is of interest. Then rays that
    have no such part, or that something at rest stops before it, are not cast again; within reach nothing changes.
    """

    def __init__(self, model: mujoco.MjModel, camera: Camera, reach: tuple[Array, Array] | None = None) -> None:
        self.camera = camera
        self.directions = camera.rays()
        self._near, self._far = reach if reach is not None else (np.zeros(1), np.full(1, np.inf))
        self._model = castable(model)
        bodies = model.body_weldid[model.geom_bodyid]
        drawn = self._drawn(model)
        self._static, self._moving = np.flatnonzero((bodies == 0) & drawn), np.flatnonzero((bodies != 0) & drawn)
        self._corners = model.geom_aabb[self._moving, None, :3] + _CORNERS * model.geom_aabb[self._moving, None, 3:]
        self._boundless = model.geom_rbound[self._moving] == 0
        self._pose = np.empty(0)
        self._distance, self._geom, self._open = np.empty(0), np.empty(0, np.int32), np.empty(0, bool)

    def cast(self, data: mujoco.MjData) -> tuple[Array, Geoms]:
        """Return each pixel's distance along its ray in m (inf where nothing is) and the geom that it meets (or −1)."""
        self._refresh_static(data)
        distance, geom = self._distance.copy(), self._geom.copy()
        chosen = np.flatnonzero(self._covered(data) & self._open)
        found, which = multi_ray(self._model, data, self.camera.position, self.directions[chosen], static=False)
        nearer = found < distance[chosen]
        distance[chosen[nearer]], geom[chosen[nearer]] = found[nearer], which[nearer]
        return distance, geom

    def cast_everything(self, data: mujoco.MjData) -> tuple[Array, Geoms]:
        """Return the same as ``cast`` by testing every ray against every geom: the reference."""
        return multi_ray(self._model, data, self.camera.position, self.directions)

    def at_rest(self, distance: Array) -> NDArray[np.bool_]:
        """Return which of the distances just cast belong to geoms at rest; their points have not moved since."""
        return distance == self._distance

    @property
    def rest(self) -> Array:
        """The pose of all geoms at rest: while it is the same array, nothing at rest has moved."""
        return self._pose

    def _refresh_static(self, data: mujoco.MjData) -> None:
        pose = np.concatenate([data.geom_xpos[self._static].ravel(), data.geom_xmat[self._static].ravel()])
        if np.array_equal(pose, self._pose):
            return
        groups = self._model.geom_group[self._moving].copy()
        self._model.geom_group[self._moving] = len(VISIBLE_GROUPS) - 1
        self._distance, self._geom = multi_ray(self._model, data, self.camera.position, self.directions)
        self._model.geom_group[self._moving] = groups
        self._pose, self._open = pose, (self._distance > self._near) & (self._near < self._far)

    def _covered(self, data: mujoco.MjData) -> NDArray[np.bool_]:
        """Return the pixels (height·width,) in which a moving geom may be seen, with a pixel to spare on each side."""
        width, height = self.camera.width, self.camera.height
        mask = np.zeros((height, width), bool)
        frames = data.geom_xmat[self._moving].reshape(-1, 3, 3)
        corners = data.geom_xpos[self._moving, None] + self._corners @ frames.transpose(0, 2, 1)
        u, v, depth = self.camera.project(corners)
        low, high = np.stack([u.min(1), v.min(1)]), np.stack([u.max(1), v.max(1)])
        everywhere = self._boundless | (depth.min(1) <= 1e-3)
        low, high = np.where(everywhere, 0, low), np.where(everywhere, max(width, height), high)
        first = np.maximum(np.floor(low) - 1, 0).astype(int)
        last = np.maximum(np.minimum(np.ceil(high) + 1, [[width], [height]]), 0).astype(int)
        for left, top, right, bottom in zip(*first, *last, strict=True):
            mask[top:bottom, left:right] = True
        return mask.ravel()

    @staticmethod
    def _drawn(model: mujoco.MjModel) -> NDArray[np.bool_]:
        shown = np.array(VISIBLE_GROUPS, bool)[np.clip(model.geom_group, 0, len(VISIBLE_GROUPS) - 1)]
        return shown & ~((model.geom_matid < 0) & (model.geom_rgba[:, 3] == 0))


def cast_spheres(position: Array, directions: Array, centres: Array, radii: Array) -> tuple[Array, NDArray[np.int64]]:
    """Return each ray's distance to the nearest of some spheres (inf where it meets none) and that sphere's index."""
    distance, index = np.full(len(directions), np.inf), np.full(len(directions), -1)
    for k, (centre, radius) in enumerate(zip(centres, radii, strict=True)):
        offset = centre - position
        along = directions @ offset
        discriminant = along**2 - offset @ offset + radius**2
        found = np.where(discriminant > 0, along - np.sqrt(np.maximum(discriminant, 0)), np.inf)
        nearer = (found > 0) & (found < distance)
        distance[nearer], index[nearer] = found[nearer], k
    return distance, index
