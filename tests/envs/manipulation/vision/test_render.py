"""Shaded pictures: light by its formula, normals of planes, textures' means, markers in front and behind."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from simplatform.envs.manipulation.vision.render import (
    HORIZON,
    MARKER,
    SKY,
    ShadedRenderer,
    Stage,
    geom_colours,
    make_renderer,
    shade,
    surface_normals,
    with_haze,
)
from simplatform.errors import UnknownName

SCENE = """
<mujoco>
  <asset>
    <texture name="t" type="2d" builtin="flat" rgb1="0.5 1 0.25" width="8" height="8"/>
    <material name="m" texture="t" rgba="1 0.5 1 1"/>
  </asset>
  <worldbody>
    <geom name="floor" type="plane" size="3 3 .1" rgba="0.8 0.8 0.8 1"/>
    <geom name="ball" type="sphere" pos="0 0 .3" size=".2" rgba="0.9 0.1 0.1 1"/>
    <geom name="box" type="box" pos="2 2 .1" size=".1 .1 .1" material="m"/>
  </worldbody>
</mujoco>
"""
STAGE = Stage((1.2, 0.0, 0.9), (0.0, 0.0, 0.2), 0.8, (0.5, 0.8, 2.0), 1.0)
NONE = (np.empty((0, 3)), np.empty(0))


@pytest.fixture(scope="module")
def scene():
    model = mujoco.MjModel.from_xml_string(SCENE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def test_colours_are_the_geoms_own_or_material_times_texture(scene):
    colours = geom_colours(scene[0])
    assert colours[:2] == pytest.approx(np.array([[0.8] * 3, [0.9, 0.1, 0.1]]))
    assert colours[2] == pytest.approx([0.5, 0.5, 0.25], abs=0.01)
    assert colours[-1] == pytest.approx(SKY)


def test_normals_of_a_plane_point_at_the_eye():
    u, v = np.meshgrid(np.arange(6.0), np.arange(5.0))
    points = np.stack([u, v, 0.5 * u], -1)
    for height, sign in ((10.0, 1), (-10.0, -1)):
        normals = surface_normals(points, np.array([2.0, 2.0, height]))
        assert normals == pytest.approx(np.broadcast_to(sign * np.array([-0.5, 0, 1]) / np.sqrt(1.25), points.shape))


def test_an_edge_bends_no_normal_beside_it():
    u, v = np.meshgrid(np.arange(8.0), np.arange(8.0))
    points = np.stack([u, v, np.where(u < 4, 0.0, 100.0)], -1)
    normals = surface_normals(points, np.array([3.0, 3.0, 1e4]))
    assert normals == pytest.approx(np.broadcast_to([0.0, 0, 1], points.shape))


def test_light_is_the_sum_of_its_parts():
    up, side = np.array([[0.0, 0, 1]]), np.array([[1.0, 0, 0]])
    colour = np.array([[0.5, 0.5, 0.5]])
    lit = shade(colour, up, up, up, np.ones(1))
    dark = shade(colour, up, up, up, np.zeros(1))
    assert lit == pytest.approx((0.5 * (0.36 + 0.12 + 0.75 + 0.25) + 0.14) ** 0.82)
    assert dark == pytest.approx((0.5 * (0.36 + 0.12 + 0.25)) ** 0.82)
    assert shade(colour, up, -up, side, np.ones(1)) == pytest.approx((0.5 * 0.48) ** 0.82), "the lamp is below"


def test_haze_grows_with_distance_only_beyond_a_reach():
    colour, down = np.zeros((3, 3)), np.array([[0.0, 0, -1]] * 3)
    near, edge, far = with_haze(colour, down, np.array([0.5, 1.9, np.inf]))
    assert near == pytest.approx([0, 0, 0])
    assert edge == pytest.approx([0, 0, 0])
    assert far == pytest.approx(HORIZON)


def test_a_picture_shows_ball_shadow_and_markers(scene):
    model, data = scene
    renderer = ShadedRenderer(model, STAGE, (48, 36))
    plain = renderer.render(data, NONE)
    assert plain.shape == (36, 48, 3)
    assert plain.dtype == np.uint8
    assert np.array_equal(plain, renderer.render(data, NONE))
    red = (plain[..., 0].astype(int) - plain[..., 1]) > 60
    assert 20 < red.sum() < 600
    behind = renderer.render(data, (np.array([[-0.5, 0.0, -0.4]]), np.array([0.1])))
    assert np.array_equal(behind, plain), "a marker below the floor is not seen"
    front = renderer.render(data, (np.array([[0.6, 0.0, 0.55]]), np.array([0.05])))
    green = (front[..., 1].astype(int) - front[..., 0]) > 30
    assert green.sum() > 3
    assert np.argmax(MARKER) == 1


def test_the_ball_throws_a_shadow(scene):
    model, data = scene
    renderer = ShadedRenderer(model, STAGE, (16, 12))
    # From the lamp through the ball's centre onto the floor, and a place beside it.
    lamp, centre = np.array(STAGE.lamp), np.array([0.0, 0.0, 0.3])
    below = lamp + (centre - lamp) * lamp[2] / (lamp[2] - centre[2])
    light = renderer._light(data, np.array([below, [0.0, 0.8, 0.0]]))
    assert light.tolist() == [0, 1]


def test_backends_by_name(scene):
    assert isinstance(make_renderer("rays", scene[0], STAGE, (8, 8)), ShadedRenderer)
    with pytest.raises(UnknownName, match="unknown render backend 'ray'"):
        make_renderer("ray", scene[0], STAGE, (8, 8))
