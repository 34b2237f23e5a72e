"""MuJoCo's own renderer without a window, by EGL or OSMesa: depth images and pictures where GL is there."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from importlib import import_module

import mujoco
import numpy as np
from numpy.typing import NDArray

from simplatform.envs.manipulation.vision.camera import Array, Camera, Markers
from simplatform.envs.manipulation.vision.raycast import VISIBLE_GROUPS
from simplatform.errors import MissingDependency

BACKENDS = ("egl", "osmesa")
FIX = "apt-get install libosmesa6  (software)  or  apt-get install libegl1  (with a GPU driver)"

_PROBE = (
    "import mujoco; m = mujoco.MjModel.from_xml_string('<mujoco><worldbody><geom size=\"1\"/></worldbody></mujoco>');"
    "d = mujoco.MjData(m); mujoco.mj_forward(m, d); r = mujoco.Renderer(m, 8, 8); r.update_scene(d); r.render();"
    "print('works', flush=True); import os; os._exit(0)"
)


@cache
def working_backends() -> tuple[str, ...]:
    """Return which of EGL and OSMesa draw a picture here; each is tried in a process of its own, once."""
    return tuple(backend for backend in BACKENDS if _draws(backend))


def _draws(backend: str) -> bool:
    environment = {key: value for key, value in os.environ.items() if key != "PYOPENGL_PLATFORM"}
    probe = subprocess.run(
        [sys.executable, "-c", _PROBE], env=environment | {"MUJOCO_GL": backend}, capture_output=True, check=False
    )
    return b"works" in probe.stdout


def choose_backend() -> str:
    """Return ``MUJOCO_GL`` where it names EGL or OSMesa, else the first that works; one process can use only one.

    Raises:
        MissingDependency: neither works; the message holds the command that installs one.
    """
    wanted = os.environ.get("MUJOCO_GL", "").lower() or os.environ.get("PYOPENGL_PLATFORM", "").lower()
    if wanted in BACKENDS:
        return wanted
    if not working_backends():
        raise MissingDependency(f"MuJoCo can draw neither by EGL nor by OSMesa here: {FIX}; or use backend 'rays'.")
    return working_backends()[0]


class _Renderer:
    """A ``mujoco.Renderer`` that looks through a ``Camera`` and shows what rays see: geoms of the visible groups."""

    def __init__(self, model: mujoco.MjModel, camera: Camera) -> None:
        from mujoco import gl_context

        gl_context.GLContext = import_module(f"mujoco.{choose_backend()}").GLContext
        model.vis.global_.offwidth = max(model.vis.global_.offwidth, camera.width)
        model.vis.global_.offheight = max(model.vis.global_.offheight, camera.height)
        self._camera = camera
        self._renderer = mujoco.Renderer(model, camera.height, camera.width)
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = VISIBLE_GROUPS
        self._option.sitegroup[:] = 0

    def close(self) -> None:
        """Free the GL context."""
        self._renderer.close()

    def _update(self, data: mujoco.MjData) -> mujoco.MjvScene:
        self._renderer.update_scene(data, scene_option=self._option)
        scene, camera = self._renderer.scene, self._camera
        for eye in scene.camera:
            eye.pos, eye.forward, eye.up = camera.position, -camera.rotation[:, 2], camera.rotation[:, 1]
            eye.frustum_top = eye.frustum_near * np.tan(camera.fovy / 2)
            eye.frustum_bottom, eye.frustum_center, eye.frustum_width = -eye.frustum_top, 0.0, 0.0
        return scene


class DepthRenderer(_Renderer):
    """Distances along a camera's rays from a depth image: the alternative to ``RayCaster``."""

    def __init__(self, model: mujoco.MjModel, camera: Camera) -> None:
        model.vis.quality.offsamples = 0  # several samples per pixel would blend depths across edges
        super().__init__(model, camera)
        self._renderer.enable_depth_rendering()
        self._cosine = -(camera.rays() @ camera.rotation[:, 2])
        self._limit = 0.99 * model.vis.map.zfar * model.stat.extent

    def distances(self, data: mujoco.MjData) -> Array:
        """Return each pixel's distance along its ray in m, inf where nothing is."""
        scene = self._update(data)
        for geom in scene.geoms[: scene.ngeom]:
            geom.rgba[3] = 1.0  # what is half transparent to the eye is solid to rays
        depth = self._renderer.render().astype(float).ravel()
        return np.where(depth < self._limit, depth / self._cosine, np.inf)


class ColourRenderer(_Renderer):
    """Pictures by MuJoCo's renderer, with its textures and lights."""

    def render(self, data: mujoco.MjData, markers: Markers) -> NDArray[np.uint8]:
        """Return a picture (height, width, 3) of the state with the markers as green spheres."""
        scene = self._update(data)
        for place, radius in zip(*markers, strict=True):
            _add_sphere(scene, place, float(radius))
        picture: NDArray[np.uint8] = self._renderer.render()
        return picture


def _add_sphere(scene: mujoco.MjvScene, place: Array, radius: float) -> None:
    if scene.ngeom < scene.maxgeom:
        green = np.array([0.18, 0.72, 0.35, 1.0], np.float32)
        geom = scene.geoms[scene.ngeom]
        mujoco.mjv_initGeom(geom, mujoco.mjtGeom.mjGEOM_SPHERE, np.full(3, radius), place, np.eye(3).ravel(), green)
        scene.ngeom += 1
