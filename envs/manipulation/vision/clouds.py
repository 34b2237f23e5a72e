"""From a MuJoCo state to a point cloud: cast, crop, sample."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np

from simplatform.envs.manipulation.vision.camera import Array, Camera, Markers
from simplatform.envs.manipulation.vision.compiling import compiled
from simplatform.envs.manipulation.vision.crop import Crop
from simplatform.envs.manipulation.vision.raster import inside, lower
from simplatform.envs.manipulation.vision.raycast import RayCaster, cast_spheres
from simplatform.envs.manipulation.vision.sampling import Points, farthest_points
from simplatform.errors import UnknownName

CORNER2_POSITION = np.array([0.6, 0.295, 0.8])
"""Where DP3, FlowPolicy and MP1 move Meta-World's ``corner2`` camera; its orientation and its 60° stay."""

Depth = Callable[[mujoco.MjData], Array]


def corner2(model: mujoco.MjModel, size: int) -> Camera:
    """Return Meta-World's ``corner2`` camera at its published place, with ``size``² pixels."""
    index = model.camera("corner2").id
    rotation = model.cam_mat0[index].reshape(3, 3).copy()
    return Camera(CORNER2_POSITION, rotation, float(np.deg2rad(model.cam_fovy[index])), size, size)


class PointCloud:
    """Makes point clouds (count, 3), float32, in m in the world frame, in farthest-point order.

    ``backend`` is "rays" (MuJoCo ray casting, no GL) or "gl" (a depth image of MuJoCo's renderer by EGL or OSMesa);
    both see the same geoms through the same camera.
    """

    def __init__(
        self, model: mujoco.MjModel, camera: Camera, crop: Crop, count: int = 512, backend: str = "rays"
    ) -> None:
        self.camera, self.crop, self.count = camera, crop, count
        self.directions = camera.rays()
        self._near, self._far = self.reach = self.crop.interval(camera.position, self.directions)
        self._within = np.flatnonzero(self._near < self._far)
        self._rays = np.ascontiguousarray(self.directions[self._within])
        self._points = np.empty((len(self.directions), 3), np.float32)
        self._depth, self._close = _depth_backend(model, camera, backend, self.reach)

    def close(self) -> None:
        """Free the GL context, if there is one."""
        self._close()

    def distances(self, data: mujoco.MjData, markers: Markers | None = None) -> Array:
        """Return the distance along each pixel's ray in m, inf where nothing is."""
        distance = self._depth(data)
        if markers is not None and len(markers[0]):
            found, _ = cast_spheres(self.camera.position, self.directions, *markers)
            distance = np.minimum(distance, found)
        return distance

    def points(self, data: mujoco.MjData, markers: Markers | None = None) -> Points:
        """Return all points within the crop (M, 3), before sampling."""
        distance, within = self._depth(data), self._within
        if markers is not None and len(markers[0]):  # asked of the rays that meet the crop alone
            found, _ = cast_spheres(self.camera.position, self._rays, *markers)
            compiled(lower)(distance, within, found)
        kept = compiled(inside)(
            distance, self._near, self._far, self.camera.position, self.directions, self._points
        )  # fmt: skip
        return self._points[:kept].copy()

    def __call__(self, data: mujoco.MjData, markers: Markers | None = None) -> Points:
        """Return the sampled cloud (count, 3)."""
        return farthest_points(self.points(data, markers), self.count)


def _depth_backend(
    model: mujoco.MjModel, camera: Camera, backend: str, reach: tuple[Array, Array]
) -> tuple[Depth, Callable[[], None]]:
    if backend == "rays":
        caster = RayCaster(model, camera, reach)
        return (lambda data: caster.cast(data)[0]), lambda: None
    if backend == "gl":
        from simplatform.envs.manipulation.vision.gl import DepthRenderer

        renderer = DepthRenderer(model, camera)
        return renderer.distances, renderer.close
    raise UnknownName("point-cloud backend", backend, ("rays", "gl"), "There are rays, gl.")
