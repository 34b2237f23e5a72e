"""Pictures without GL: shaded ray casting, with shadows, for reports and films."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

from simplatform.envs.manipulation.vision.camera import Array, Camera, Markers
from simplatform.envs.manipulation.vision.raycast import RayCaster, cast_spheres
from simplatform.errors import UnknownName

Picture = NDArray[np.uint8]

SKY, HORIZON = np.array([0.83, 0.88, 0.94]), np.array([0.97, 0.98, 0.99])
MARKER = np.array([0.18, 0.72, 0.35])
SHADOW_BIAS = 0.012
SOFTNESS = tuple((du, dv) for du in (-1.0, 0.0, 1.0) for dv in (-1.0, 0.0, 1.0))


Place = tuple[float, float, float]


@dataclass(frozen=True)
class Stage:
    """Where pictures of a scene are taken from: places in m, ``angle`` is the vertical field of view in rad.

    ``lit`` is the field of view in rad of the lamp, which shines at ``view_at``; what lies outside has no shadow on it.
    """

    view_from: Place
    view_at: Place
    angle: float
    lamp: Place
    lit: float = 0.62

    def camera(self, width: int, height: int) -> Camera:
        """Return the camera of pictures of a size."""
        return Camera.looking_at(self.view_from, self.view_at, self.angle, width, height)

    def lamp_camera(self, size: int) -> Camera:
        """Return the camera that sees what the lamp lights."""
        return Camera.looking_at(self.lamp, self.view_at, self.lit, size, size)


class Renderer(Protocol):
    """Draws a MuJoCo state."""

    def render(self, data: mujoco.MjData, markers: Markers) -> Picture:
        """Return a picture (height, width, 3)."""

    def close(self) -> None:
        """Free what the renderer holds."""


def make_renderer(backend: str, model: mujoco.MjModel, stage: Stage, size: tuple[int, int]) -> Renderer:
    """Return the renderer "rays" (no GL) or "gl" for pictures of ``size`` = (width, height).

    Raises:
        UnknownName: another backend.
        MissingDependency: "gl" where neither EGL nor OSMesa works.
    """
    if backend == "rays":
        return ShadedRenderer(model, stage, size)
    if backend == "gl":
        from simplatform.envs.manipulation.vision.gl import ColourRenderer

        return ColourRenderer(model, stage.camera(*size))
    raise UnknownName("render backend", backend, ("rays", "gl"), "There are rays, gl.")


class ShadedRenderer:
    """Blinn–Phong shading of ray-cast geometry under one lamp with soft shadows; 2 × 2 rays per pixel.

    Shadows come from a depth map seen from the lamp (Williams, 1978), averaged over a few of its pixels (Reeves et al.,
    1987).
    """

    samples = 2

    def __init__(self, model: mujoco.MjModel, stage: Stage, size: tuple[int, int]) -> None:
        self._size = size
        self._camera = stage.camera(size[0] * self.samples, size[1] * self.samples)
        self._caster = RayCaster(model, self._camera)
        self._lamp = RayCaster(model, stage.lamp_camera(360))
        self._colours = geom_colours(model)

    def close(self) -> None:
        """Do nothing: there is no context to free."""

    def render(self, data: mujoco.MjData, markers: Markers) -> Picture:
        """Return a picture (height, width, 3) of the state with the markers as green spheres."""
        distance, geom = self._caster.cast(data)
        seen = np.isfinite(distance)
        points = self._camera.position + self._caster.directions * np.where(seen, distance, 0)[:, None]
        normals = surface_normals(points.reshape(self._camera.height, self._camera.width, 3), self._camera.position)
        light = self._light(data, points)
        colour = self._shade(self._colours[geom], normals.reshape(-1, 3), points, light)
        colour = with_haze(colour, self._caster.directions, distance)
        self._paint_markers(colour, distance, markers)
        coarse = colour.reshape(self._size[1], self.samples, self._size[0], self.samples, 3).mean(axis=(1, 3))
        found: Picture = (np.clip(coarse, 0, 1) * 255 + 0.5).astype(np.uint8)
        return found

    def _light(self, data: mujoco.MjData, points: Array) -> Array:
        """Return how much of the lamp reaches each point, in [0, 1]."""
        lamp = self._lamp.camera
        depth = self._lamp.cast(data)[0]
        u, v, _ = lamp.project(points)
        offset = points - lamp.position
        length = np.sqrt(np.einsum("nk,nk->n", offset, offset)) - SHADOW_BIAS
        light = np.zeros(len(points))
        for du, dv in SOFTNESS:
            column = np.clip(u + du, 0, lamp.width - 1).astype(np.intp)
            row = np.clip(v + dv, 0, lamp.height - 1).astype(np.intp)
            light += depth.take(row * lamp.width + column) >= length
        return light / len(SOFTNESS)

    def _paint_markers(self, colour: Array, distance: Array, markers: Markers) -> None:
        places, radii = markers
        found, index = cast_spheres(self._camera.position, self._caster.directions, places, radii)
        front = found < distance
        points = self._camera.position + self._caster.directions[front] * found[front, None]
        normals = (points - places[index[front]]) / radii[index[front], None]
        base = np.broadcast_to(MARKER, points.shape)
        colour[front] = self._shade(base, normals, points, np.ones(len(points)))

    def _shade(self, colour: Array, normals: Array, points: Array, light: Array) -> Array:
        to_lamp, to_eye = (_unit(camera.position - points) for camera in (self._lamp.camera, self._camera))
        return shade(colour, normals, to_lamp, to_eye, light)


def geom_colours(model: mujoco.MjModel) -> Array:
    """Return each geom's colour (ngeom + 1, 3) in [0, 1]: its own, or its material's times the texture's mean.

    The last row, which geom −1 selects, is for rays that meet nothing.
    """
    colours = model.geom_rgba[:, :3].astype(float)
    for geom in np.flatnonzero(model.geom_matid >= 0):
        material = model.geom_matid[geom]
        colours[geom] = model.mat_rgba[material, :3] * _texture_mean(model, material)
    return np.vstack([colours, SKY])


def _texture_mean(model: mujoco.MjModel, material: int) -> Array:
    textures = model.mat_texid[material]
    used = textures[textures >= 0]
    if not len(used):
        return np.ones(3)
    texture = int(used[0])
    start, channels = int(model.tex_adr[texture]), int(model.tex_nchannel[texture])
    size = int(model.tex_height[texture]) * int(model.tex_width[texture]) * channels
    mean: Array = model.tex_data[start : start + size].reshape(-1, channels)[:, :3].mean(axis=0) / 255
    return mean


def surface_normals(points: Array, eye: Array) -> Array:
    """Return unit normals (height, width, 3) towards the eye, from a picture of surface points (height, width, 3).

    Each axis takes the neighbour that is nearer in space, so that edges do not bend the normals beside them.
    """
    normals = _unit(np.cross(_nearer_difference(points, 1), _nearer_difference(points, 0)))
    return np.where(_dot(normals, eye - points) < 0, -normals, normals)


def _nearer_difference(points: Array, axis: int) -> Array:
    step = np.diff(points, axis=axis)
    size = _dot(step, step)
    last, first = step.take([-1], axis), step.take([0], axis)
    nearer = np.concatenate([size, size.take([-1], axis)], axis) <= np.concatenate([size.take([0], axis), size], axis)
    return np.where(nearer, np.concatenate([step, last], axis), np.concatenate([first, step], axis))


def shade(colour: Array, normals: Array, to_lamp: Array, to_eye: Array, light: Array) -> Array:
    """Return shaded colours (N, 3): hemispherical ambient light, a lamp with shadows, a faint light from the eye.

    Normals and directions (N, 3) are unit vectors; ``light`` (N,) is the share of the lamp that arrives.
    """
    lit = light[:, None]
    lamp, front = np.maximum(_dot(normals, to_lamp), 0) * lit, np.maximum(_dot(normals, to_eye), 0)
    gloss = np.maximum(_dot(normals, _unit(to_lamp + to_eye)), 0) ** 40 * lit
    bright = colour * (0.36 + 0.12 * normals[:, 2:] + 0.75 * lamp + 0.25 * front) + 0.14 * gloss
    return np.maximum(bright, 0) ** 0.82


def with_haze(colour: Array, directions: Array, distance: Array) -> Array:
    """Return colours (N, 3) that fade into a bright background with distance (m)."""
    height = np.clip(directions[:, 2:] * 1.6 + 0.9, 0, 1)
    background = HORIZON + (SKY - HORIZON) * height
    clear = np.exp(-1.6 * np.maximum(distance - 1.9, 0))[:, None]
    values: Array = colour * clear + background * (1 - clear)
    return values


def _dot(a: Array, b: Array) -> Array:
    product: Array = np.einsum("...k,...k->...", a, b)[..., None]
    return product


def _unit(vectors: Array) -> Array:
    return vectors / np.sqrt(np.maximum(_dot(vectors, vectors), 1e-24))
