"""What is done to recordings on reading, and that it is said."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.contracts import Signature
from simplatform.envs.recorded.columns import usual
from simplatform.envs.recorded.reading import How, recording
from simplatform.envs.recorded.replay import ReplayEnv
from simplatform.errors import ConfigError, DataError
from simplatform.policies.manipulation.mp1 import MP1, MP1Config
from tests.envs.recorded.cases import dp3, reach

pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")


def test_a_point_that_is_not_finite_is_dropped_and_its_frame_said(tmp_path):
    data = reach()
    cloud = data.stacked("point_cloud")
    cloud[28, 7] = np.nan
    found = recording(dp3(tmp_path / "one.zarr", data, point_cloud=cloud), How())
    assert np.isfinite(found.demonstrations.stacked("point_cloud")).all()
    (said,) = [line for line in found.said if "not finite" in line]
    assert "1 points in 1 frames" in said
    assert "episode 2, frame 4" in said


@pytest.mark.parametrize("name", ["state", "action"])
def test_other_values_that_are_not_finite_are_refused_with_their_frame(tmp_path, name):
    data = reach()
    values = {"state": data.stacked("agent_pos"), "action": data.stacked_actions()}[name]
    values[13, 2] = np.inf
    with pytest.raises(DataError, match="not finite, first in episode 1, frame 1"):
        recording(dp3(tmp_path / "one.zarr", data, **{name: values}), How())


def test_a_broken_reading_is_named_and_set_to_a_usual_one_where_asked(tmp_path):
    data = reach()
    state = data.stacked("agent_pos")
    highest = np.delete(state[:, 1], 30).max()
    state[30, 1] = 1e9
    path = dp3(tmp_path / "one.zarr", data, state=state)
    kept = recording(path, How())
    assert kept.demonstrations[2].observations["agent_pos"][6, 1] == np.float32(1e9)
    said = next(line for line in kept.said if line.startswith("agent_pos") and "frames" in line)
    assert "1e+09" in said
    assert "episode 2, frame 6" in said
    assert "env.outliers=all" in said
    clipped = recording(path, How(outliers="all"))
    assert clipped.demonstrations[2].observations["agent_pos"][6, 1] == highest
    same = np.delete(clipped.demonstrations.stacked("agent_pos"), 30, 0)
    np.testing.assert_array_equal(same, np.delete(state, 30, 0))


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_rare_events_and_constants_are_usual_in_any_unit(unit):
    values = np.zeros((200, 2))
    values[7, 0] = unit  # a gripper that closes once
    values[:, 1] = 0.7 * unit
    low, high = usual(values)
    assert ((values >= low) & (values <= high)).all()


@pytest.mark.parametrize(
    ("setting", "value"), [("sampling", "random"), ("voxel", -1.0), ("pixels", 4), ("outliers", "none"), ("points", 0)]
)
def test_wrong_settings_are_named(tmp_path, setting, value):
    with pytest.raises(ConfigError, match=f"env.{setting}"):
        ReplayEnv(dp3(tmp_path / "one.zarr", reach()), **{setting: value})


def test_colours_reach_the_policy_that_asks_for_them_and_are_said_for_the_others(tmp_path):
    env = ReplayEnv(dp3(tmp_path / "one.zarr", reach(colour=True)))
    assert env.observation_space["point_cloud"].shape == (16, 6)
    assert any("policy.colour=true" in line for line in env.metadata["simplatform"]["said"])
    shapes = {key: space.shape for key, space in env.observation_space.spaces.items()}
    signature = Signature(shapes, (4,))
    seen = {
        key: torch.as_tensor(value)[None, None].repeat_interleave(2, 1) for key, value in env.reset(seed=0)[0].items()
    }
    other = {**seen, "point_cloud": seen["point_cloud"][..., [0, 1, 2, 5, 4, 3]]}
    for colour in (False, True):
        policy = MP1(MP1Config(widths=(8, 16), points=16, colour=colour), signature)
        policy.prepare(recording(str(tmp_path / "one.zarr"), How()).demonstrations)
        first, second = (policy.condition(one) for one in (seen, other))
        assert torch.equal(first, second) != colour


@pytest.mark.slow
def test_a_policy_with_colour_beats_one_without_where_colour_alone_tells(tmp_path):
    path = dp3(tmp_path / "one.zarr", reach((12,) * 20, points=64, colour=True))
    errors = []
    for colour in (False, True):
        settings = {"env.path": path, "env.held_out": 0.2, "policy.colour": colour, "policy.widths": [32, 64],
                    "policy.points": 64, "train.steps": 600, "train.lr": 2e-3, "task.opponents": False}  # fmt: skip
        run = sp.run("mp1", "replay", settings=settings, output=tmp_path / "runs", device="cpu", workers=1)
        errors.append(run.summary["action_error"]["value"])
    assert errors[1] < 0.8 * errors[0], errors


def test_the_network_without_a_cloud_sees_the_state_alone(tmp_path):
    data = reach()
    policy = MP1(MP1Config(widths=(8, 16)), Signature({"agent_pos": (4,)}, (4,)))
    policy.prepare(data)
    state = torch.as_tensor(data[0].observations["agent_pos"][None, :2])
    answer = policy.act({"agent_pos": state}, generator=torch.Generator())
    assert answer.shape == (1, 3, 4)
    assert not torch.equal(policy.condition({"agent_pos": state}), policy.condition({"agent_pos": state + 0.1}))
