"""Whatever a file calls them: the robot's state and cloud are found, or chosen, and it is said."""

from __future__ import annotations

import numpy as np
import pytest

import simplatform as sp
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.formats import save_demonstrations
from simplatform.envs.recorded.roles import keys_of, mapped
from simplatform.errors import ConfigError, DataError
from simplatform.recipes import resolve
from tests.envs.recorded.cases import reach


def made(**widths):
    draws = np.random.default_rng(0)
    seen = {key: draws.normal(size=(5, *np.atleast_1d(width))).astype(np.float32) for key, width in widths.items()}
    return Demonstrations([Episode(seen, np.zeros((4, 2)))])


def find(data, **keys):
    said: list[str] = []
    found = mapped(data, keys_of(keys), said)
    return found[0].observations, " ".join(said)


@pytest.mark.parametrize(
    ("widths", "taken"),
    [
        ({"agent_pos": 3, "state": 9}, ["agent_pos"]),
        ({"state": 6, "effort": 6}, ["state"]),
        ({"observation": 4, "achieved_goal": 2, "desired_goal": 2}, ["observation", "desired_goal"]),
        ({"arm/pose": 3, "arm/grip": 1}, ["arm/pose", "arm/grip"]),
    ],
)
def test_the_state_is_found(widths, taken):
    data = made(**widths)
    seen, said = find(data)
    wanted = np.concatenate([data[0].observations[name] for name in taken], 1)
    np.testing.assert_array_equal(seen["agent_pos"], wanted)
    assert taken == ["agent_pos"] or all(name in said for name in taken)
    assert set(seen) == {"agent_pos", *widths} - (set(taken) - {"agent_pos"})


def test_the_state_and_the_cloud_are_chosen_by_name():
    data = made(agent_pos=3, joints=7, lidar=(16, 3), point_cloud=(8, 3))
    seen, said = find(data, state=["observation.joints", "agent_pos"], cloud="lidar")
    assert seen["agent_pos"].shape == (5, 10)
    assert seen["point_cloud"].shape == (5, 16, 3)
    assert "joints [7], agent_pos [3], joined" in said


def test_cameras_are_seen_where_there_is_no_cloud_or_where_they_are_chosen():
    seen, said = find(made(state=3, top=(4, 4, 3), wrist=(3, 8, 6), depth=(4, 4, 1)))
    assert set(seen) == {"agent_pos", "image", "image 1"}
    assert "image: top [4, 4, 3], wrist [3, 8, 6]" in said
    assert "left out: depth; --set env.keys.image=NAME" in said
    seen, said = find(made(state=3, top=(4, 4, 3), point_cloud=(8, 3)))
    assert set(seen) == {"agent_pos", "point_cloud"}
    assert "left out: top" in said
    seen, _ = find(made(state=3, top=(4, 4, 3), wrist=(4, 4, 3), point_cloud=(8, 3)), image="observation.wrist")
    assert set(seen) == {"agent_pos", "point_cloud", "image"}


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        ({"state": "jonts"}, DataError, "did you mean joints"),
        ({"state": "lidar"}, DataError, "expected a vector"),
        ({"cloud": "joints"}, DataError, "expected one name, of points"),
        ({"colour": "lidar"}, ConfigError, "state and cloud and image"),
        ({"image": "joints"}, DataError, r"expected \(height, width, 3\)"),
        ({"state": 3}, ConfigError, "state and cloud and image"),
    ],
)
def test_wrong_names_are_named(keys, error, message):
    with pytest.raises(error, match=message):
        find(made(joints=7, lidar=(16, 3)), **keys)


def test_a_key_is_set_on_the_command_line_and_a_policy_trains_on_the_state_alone(tmp_path):
    data = [Episode({"state": e.observations["agent_pos"], "noise": 0 * e.observations["agent_pos"]}, e.actions)
            for e in reach()]  # fmt: skip
    path = save_demonstrations(Demonstrations(data, {"fps": 30, "robot": "so101"}), tmp_path / "own.lerobot")
    settings = {"env.path": str(path), "env.keys.state": ["state", "noise"], "policy.widths": [8, 16], "train.steps": 2}
    recipe = resolve("mp1", "replay", settings=settings)
    assert recipe.task.kwargs["keys"] == {"state": ["state", "noise"]}
    run = sp.run("mp1", "replay", settings=settings, output=tmp_path / "runs", device="cpu", workers=1)
    assert np.isfinite(run.summary["action_error"]["value"])
    policy = sp.load(run.best)
    assert policy.signature.observation == {"agent_pos": (8,)}
    assert "robot so101, task task, 30 frames a second" in " ".join(policy.signature.metadata["said"])
