"""Simple shapes are met where MuJoCo says."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from simplatform.envs.manipulation.vision.compiling import compiled
from simplatform.envs.manipulation.vision.shapes import SHAPES, meet_shape

SIZES = np.array([0.3, 0.2, 0.25])
BODY = "<mujoco><worldbody><geom type='{}' size='{}'/></worldbody></mujoco>"
NAMES = {"sphere": 1, "capsule": 2, "ellipsoid": 3, "cylinder": 2, "box": 3}


@pytest.mark.parametrize("name", NAMES)
def test_rays_meet_a_shape_where_mujoco_says(name):
    model = mujoco.MjModel.from_xml_string(BODY.format(name, " ".join(map(str, SIZES[: NAMES[name]]))))
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    kind, meet = int(model.geom_type[0]), compiled(meet_shape)
    assert kind in SHAPES
    rng, hits = np.random.default_rng(0), 0
    for _ in range(400):
        point = rng.uniform(-1, 1, 3) * rng.choice([0.15, 1.0])  # within, and outside
        slope = rng.uniform(-0.3, 0.3, 3) - point * rng.choice([-1, 1])
        slope[rng.random(3) < 0.1] = 0.0
        slope /= np.linalg.norm(slope)
        expected = mujoco.mj_ray(model, data, point, slope, None, 1, -1, np.zeros(1, np.int32))
        hits += expected >= 0
        assert meet(kind, model.geom_size[0], point, slope) == pytest.approx(
            np.inf if expected < 0 else expected, abs=1e-9
        )
    assert 100 < hits < 400
