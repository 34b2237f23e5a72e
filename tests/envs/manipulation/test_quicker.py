"""The short ways give what Meta-World's and SciPy's long ones give, bit for bit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from metaworld.env_dict import ALL_V3_ENVIRONMENTS
from scipy.spatial.transform import Rotation

from simplatform.envs.manipulation.experts import metaworld_expert
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.envs.manipulation.quicker import touches, trusting


def test_touches_are_metaworlds_own_along_an_episode():
    env = MetaWorldEnv("pick-place", points=0, max_steps=120)
    theirs, expert, (observation, _) = type(env.inner).touching_object, metaworld_expert(env), env.reset(seed=0)
    geoms, found = range(env.inner.model.ngeom), []
    for step in range(70):
        action = expert.act({"state": torch.as_tensor(observation["state"])[None, None]})[0, 0].numpy()
        observation = env.step(action)[0]
        if step % 10 == 9:
            ours = [touches(env.inner.data, geom) for geom in geoms]
            assert ours == [bool(theirs(env.inner, geom)) for geom in geoms]
            found += ours
    assert 0 < sum(found) < len(found)


def test_quaternions_without_checks_have_the_same_bits():
    task = ALL_V3_ENVIRONMENTS["pick-place-v3"]
    quick = trusting(task._get_quat_objects)
    assert quick is not task._get_quat_objects
    for matrix in Rotation.random(200, rng=0).as_matrix():
        geom = SimpleNamespace(xmat=matrix.ravel())
        scene = SimpleNamespace(data=SimpleNamespace(geom=lambda name, geom=geom: geom))
        np.testing.assert_array_equal(quick(scene), task._get_quat_objects(scene))


def test_what_makes_no_quaternions_stays_as_it_is():
    plain = ALL_V3_ENVIRONMENTS["drawer-open-v3"]._get_quat_objects
    assert trusting(plain) is plain
