"""Depth by ray casting with ``mj_multiRay``: no GL, no display, the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from itertools import product

import mujoco
import numpy as np
from numpy.typing import NDArray

from simplatform.envs.manipulation.vision.camera import Array, Camera
from simplatform.envs.manipulation.vision.compiling import compiled
from simplatform.envs.manipulation.vision.raster import Mesh, Rasteriser, enclose, meet, settle
from simplatform.envs.manipulation.vision.shapes import SHAPES, trace

VISIBLE_GROUPS = (1, 1, 1, 0, 0, 0)
"""Geom groups that MuJoCo draws by default; collision shapes are in the others."""

_INVISIBLE_GROUP = 5

_CORNERS = np.array(list(product((-1.0, 1.0), repeat=3)))
Geoms = NDArray[np.int32]


def castable(model: mujoco.MjModel) -> mujoco.MjModel:
    """Return a copy of the model in which ``mj_multiRay`` tests every geom, as ``mj_ray`` does.

    Its culling loses rays: MuJoCo 3.3 forgets to turn a body's bounding sphere with the body (engine_ray.c), which
    costs a hammer half its handle. Bodies without a bounding volume are never culled.
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
    """Finds what each pixel of a fixed camera sees, and looks again only where something moving may be.

    Geoms of bodies that are welded to the world are cast once and kept until one of them is moved (environments
    place objects by writing body positions). Of the moving geoms, meshes are rasterised, which gives the same as a ray
    through each pixel centre to rounding; spheres, capsules, ellipsoids, cylinders and boxes are met in closed form
    within the rectangles that their bounding boxes cover in the picture. What else there is (and what reaches behind
    the camera) MuJoCo casts. The result is that of ``mj_ray`` for every pixel.

    ``reach`` = (near, far), each (height·width,) in m, tells which part of each ray is of interest. Then rays that
    have no such part, or that something at rest stops before it, are not cast again; within reach nothing changes.
    """

    def __init__(self, model: mujoco.MjModel, camera: Camera, reach: tuple[Array, Array] | None = None) -> None:
        self.camera = camera
        self.directions = camera.rays()
        self._cosine = -(self.directions @ camera.rotation[:, 2])
        everywhere: tuple[Array, Array] = (np.zeros(1), np.full(1, np.inf))
        self._near, self._far = reach or everywhere
        self._model = castable(model)
        bodies, drawn = model.body_weldid[model.geom_bodyid], _drawn(model)
        self._static, self._moving = np.flatnonzero((bodies == 0) & drawn), np.flatnonzero((bodies != 0) & drawn)
        self._groups = model.geom_group[self._moving].copy()
        self._corners = model.geom_aabb[self._moving, None, :3] + _CORNERS * model.geom_aabb[self._moving, None, 3:]
        self._radius = model.geom_rbound[self._moving].copy()
        meshes = [_mesh(model, int(geom)) for geom in self._moving]
        self._meshes = np.array([len(mesh.faces) > 0 for mesh in meshes], bool)
        self._kinds = model.geom_type[self._moving].astype(np.int32)
        self._shapes = np.isin(self._kinds, SHAPES)
        self._sizes = model.geom_size[self._moving].copy()
        self._rasteriser = Rasteriser(camera, meshes)
        self._rays = self.directions.reshape(camera.height, camera.width, 3)
        self._pose = np.empty(0)
        self._open_before = np.zeros((camera.height + 1, camera.width + 1), np.int64)
        self._distance, self._geom, self._open = np.empty(0), np.empty(0, np.int32), np.empty(0, bool)

    def cast(self, data: mujoco.MjData) -> tuple[Array, Geoms]:
        """Return each pixel's distance along its ray in m (inf where nothing is) and the geom that it meets (or −1)."""
        self._refresh_static(data)
        distance, geom = self._distance.copy(), self._geom.copy()
        boxes, clear = self._rectangles(data)
        seen = self._open_within(boxes) > 0
        raster, traced = seen & clear & self._meshes, seen & clear & self._shapes
        if raster.any():
            self._rasterise(data, np.flatnonzero(raster), distance, geom)
        if traced.any():
            self._trace(data, np.flatnonzero(traced), boxes[traced], distance, geom)
        done = raster | traced | ~seen
        if not done.all():
            self._cast_rest(data, done, self._covered(boxes[~done]), distance, geom)
        return distance, geom

    def cast_everything(self, data: mujoco.MjData) -> tuple[Array, Geoms]:
        """Return the same as ``cast`` by testing every ray against every geom: the reference."""
        return multi_ray(self._model, data, self.camera.position, self.directions)

    def _refresh_static(self, data: mujoco.MjData) -> None:
        pose = np.concatenate([data.geom_xpos[self._static].ravel(), data.geom_xmat[self._static].ravel()])
        if np.array_equal(pose, self._pose):
            return
        with self._hidden(np.ones(len(self._moving), bool)):
            self._distance, self._geom = multi_ray(self._model, data, self.camera.position, self.directions)
        self._pose, self._open = pose, (self._distance > self._near) & (self._near < self._far)
        opened = self._open.reshape(self.camera.height, self.camera.width)
        self._open_before[1:, 1:] = opened.cumsum(axis=0).cumsum(axis=1)

    @contextmanager
    def _hidden(self, which: NDArray[np.bool_]) -> Iterator[None]:
        """Hide some of the moving geoms from rays."""
        self._model.geom_group[self._moving] = np.where(which, _INVISIBLE_GROUP, self._groups)
        yield
        self._model.geom_group[self._moving] = self._groups

    def _rasterise(self, data: mujoco.MjData, chosen: NDArray[np.intp], distance: Array, geom: Geoms) -> None:
        geoms = self._moving[chosen]
        places, turns = data.geom_xpos[geoms], data.geom_xmat[geoms].reshape(-1, 3, 3)
        inverse, owner = self._rasteriser(chosen, places, turns, self._open_before)
        compiled(settle)(inverse, owner, self._cosine, self._moving, distance, geom)

    def _trace(
        self, data: mujoco.MjData, chosen: NDArray[np.intp], boxes: NDArray[np.int64], distance: Array, geom: Geoms
    ) -> None:
        geoms, shape = self._moving[chosen], (self.camera.height, self.camera.width)
        compiled(trace)(
            self._kinds[chosen], self._sizes[chosen], data.geom_xpos[geoms] - self.camera.position,
            data.geom_xmat[geoms].reshape(-1, 3, 3), boxes, self._rays, self._open.reshape(shape), geoms,
            distance.reshape(shape), geom.reshape(shape),
        )  # fmt: skip

    def _cast_rest(
        self, data: mujoco.MjData, hidden: NDArray[np.bool_], covered: NDArray[np.bool_], distance: Array, geom: Geoms
    ) -> None:
        chosen = np.flatnonzero(covered & self._open)
        with self._hidden(hidden):
            found, which = multi_ray(self._model, data, self.camera.position, self.directions[chosen], static=False)
        nearer = found < distance[chosen]
        distance[chosen[nearer]], geom[chosen[nearer]] = found[nearer], which[nearer]

    def _rectangles(self, data: mujoco.MjData) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the moving geoms' rectangles in the picture, with a pixel to spare: left, top, right + 1, bottom + 1,
        (M, 4). The second value tells which of them lie in front of the camera; the others may be anywhere.
        """
        camera, moving = self.camera, self._moving
        boxes, clear = np.empty((len(moving), 4), np.int64), np.empty(len(moving), bool)
        compiled(enclose)(
            data.geom_xpos[moving] - camera.position, data.geom_xmat[moving].reshape(-1, 3, 3), self._corners,
            self._radius, camera.rotation, camera.focal, camera.width, camera.height, boxes, clear,
        )  # fmt: skip
        return boxes, clear

    def _open_within(self, boxes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of the rays in rectangles (M, 4) have a part of interest before anything at rest."""
        left, top, right, bottom = boxes.T
        count = self._open_before
        found: NDArray[np.int64] = count[bottom, right] - count[top, right] - count[bottom, left] + count[top, left]
        return found

    def _covered(self, boxes: NDArray[np.int64]) -> NDArray[np.bool_]:
        mask = np.zeros((self.camera.height, self.camera.width), bool)
        for left, top, right, bottom in boxes:
            mask[top:bottom, left:right] = True
        return mask.ravel()


def _drawn(model: mujoco.MjModel) -> NDArray[np.bool_]:
    shown = np.array(VISIBLE_GROUPS, bool)[np.clip(model.geom_group, 0, len(VISIBLE_GROUPS) - 1)]
    found: NDArray[np.bool_] = shown & ~((model.geom_matid < 0) & (model.geom_rgba[:, 3] == 0))
    return found


def _mesh(model: mujoco.MjModel, geom: int) -> Mesh:
    """Return a geom's triangles; none where it is not a mesh."""
    if model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_MESH:
        return Mesh(np.empty((0, 3), np.float32), np.empty((0, 3), np.int32))
    index = model.geom_dataid[geom]
    vertex, face = model.mesh_vertadr[index], model.mesh_faceadr[index]
    vertices = model.mesh_vert[vertex : vertex + model.mesh_vertnum[index]].copy()
    return Mesh(vertices, model.mesh_face[face : face + model.mesh_facenum[index]].copy())


def cast_spheres(position: Array, directions: Array, centres: Array, radii: Array) -> tuple[Array, NDArray[np.int64]]:
    """Return each ray's distance to the nearest of some spheres (inf where it meets none) and that sphere's index."""
    distance, index = np.full(len(directions), np.inf), np.full(len(directions), -1)
    compiled(meet)(directions, np.asarray(centres, float) - position, np.asarray(radii, float), distance, index)
    return distance, index
