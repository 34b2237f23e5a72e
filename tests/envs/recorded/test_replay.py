"""Recorded demonstrations as an environment and a task."""

from __future__ import annotations

import shutil

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

import simplatform as sp
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.formats import save_demonstrations
from simplatform.envs.recorded.replay import Recorded, ReplayEnv, split, units
from simplatform.errors import ConfigError, DataError, RunError
from simplatform.recipes import resolve
from tests.envs.recorded.cases import dp3, reach


def recorded(count, length=12, seed=0):
    """Episodes in which the action is a linear function of the state, and the state runs along a closed curve."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(9, 4)).astype(np.float32)

    def episode(number):
        phase = 2 * np.pi * rng.random() + 0.3 * np.arange(length + 1)
        state = np.sin(phase[:, None] + np.arange(9)).astype(np.float32)
        cloud = rng.normal(size=(length + 1, 16, 3)).astype(np.float32)
        return Episode({"agent_pos": state, "point_cloud": cloud}, state[:-1] @ matrix, seed=number)

    return Demonstrations([episode(number) for number in range(count)])


@pytest.fixture
def zarr(tmp_path):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    path = tmp_path / "own.zarr"
    save_demonstrations(recorded(12), str(path))
    return str(path)


def make(path, **kwargs):
    return gymnasium.make("simplatform/Replay-v0", path=path, **kwargs)


def test_it_is_a_gymnasium_environment(zarr):
    check_env(make(zarr).unwrapped, skip_render_check=True)


def test_parts_are_disjoint_and_complete(zarr):
    parts = split(zarr, 0.2)
    assert sorted(number for part in parts.values() for number in part) == list(range(12))
    assert [len(parts[part]) for part in ("train", "validation", "test")] == [8, 2, 2]
    recipe = resolve("mp1", "replay", settings={"env.path": zarr, "env.held_out": 0.2})
    assert (recipe.demonstrations, recipe.validation, recipe.episodes) == (8, 2, 2)


def test_the_expert_has_no_error_and_the_mean_action_about_one(zarr):
    env = make(zarr)
    expert, errors, means = Recorded(env), [], []
    actions = recorded(12).stacked_actions()
    observation, _ = env.reset(seed=0)
    done = False
    while not done:
        action = expert.act({}, generator=torch.Generator())[0, 0].numpy()
        assert set(observation) == {"agent_pos", "point_cloud"}
        scale = actions.std(0)
        means.append(np.sqrt(np.mean(((action - actions.mean(0)) / scale) ** 2)))
        observation, reward, done, _, info = env.step(action)
        errors.append(info["action_error"])
        assert reward == -info["action_error"]
    assert max(errors) < 1e-6
    assert len(errors) == 12
    assert 0.2 < np.mean(means) < 3


def test_bad_files_and_shares_are_named(zarr, tmp_path):
    with pytest.raises(ConfigError, match=r"env\.path=FILE"):
        resolve("mp1", "replay")
    with pytest.raises(ConfigError, match="leaves none to train on"):
        resolve("mp1", "replay", settings={"env.path": zarr, "env.held_out": 0.6})
    with pytest.raises(DataError):
        resolve("mp1", "replay", settings={"env.path": str(tmp_path / "nowhere.zarr")})
    few = tmp_path / "few.zarr"
    save_demonstrations(recorded(2), str(few))
    with pytest.raises(DataError, match="holds 2 episodes"):
        resolve("mp1", "replay", settings={"env.path": str(few)})


def test_a_changed_file_is_read_again_and_a_run_that_began_with_the_old_one_says_so(zarr, tmp_path):
    settings = {"env.path": zarr, "policy.widths": [8, 16], "train.steps": 3, "points": 8}
    request = {"settings": settings, "output": tmp_path / "runs", "device": "cpu", "workers": 1}
    before = sp.load(sp.run("flow-matching", "replay", **request).best).state_dict()
    shutil.rmtree(zarr)
    save_demonstrations(recorded(12, seed=1), zarr)
    with pytest.raises(RunError, match=r"not those that .* began with"):
        sp.run("flow-matching", "replay", **request)
    again = sp.run("flow-matching", "replay", **request, fresh=True)
    after = sp.load(again.best).state_dict()
    assert not all(torch.equal(value, after[key]) for key, value in before.items())
    own = sp.run("flow-matching", "replay", **{**request, "output": tmp_path / "other"})
    assert own.summary["action_error"] == again.summary["action_error"]  # nothing of the old data or weights was kept


def test_a_policy_learns_from_a_file_and_is_judged_on_held_out_episodes(zarr, tmp_path):
    settings = {"env.path": zarr, "policy.widths": [16, 32], "train.steps": 150, "train.lr": 2e-3, "points": 8}
    run = sp.run("flow-matching", "replay", settings=settings, output=tmp_path / "runs", device="cpu", workers=1)
    untrained = sp.run(
        "flow-matching", "replay", settings={**settings, "train.steps": 1}, output=tmp_path / "runs", device="cpu",
        workers=1,
    )  # fmt: skip
    assert run.summary["action_error"]["value"] < 0.7 * untrained.summary["action_error"]["value"]


@pytest.mark.parametrize("unit", [1e-9, 4e-5, 1e9])
def test_the_error_of_actions_does_not_depend_on_their_unit(unit):
    actions = np.random.default_rng(0).normal(size=(40, 4))
    actions[:, 2], actions[:, 3] = 0.7, 0.0
    np.testing.assert_allclose(units(actions * unit), units(actions) * unit, rtol=1e-9)
    assert units(actions)[2] == 0.7
    assert units(np.zeros((5, 2))).tolist() == [1.0, 1.0]


def test_every_held_out_episode_is_one_episode_of_the_environment(zarr):
    env = make(zarr, held_out=0.3).unwrapped
    assert env.metadata["simplatform"]["episodes"] == 4
    seen = {env.reset(options={"episode": number})[0]["agent_pos"].tobytes() for number in range(4)}
    assert len(seen) == 4
    assert make(zarr, episode=1, held_out=0.3).unwrapped.metadata["simplatform"]["episodes"] == 1


def test_the_unit_of_actions_changes_no_training_and_a_constant_comes_back(tmp_path):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    data = reach()
    unit = data.stacked_actions()[:, :3].astype(np.float64)
    settings = {"policy.widths": [8], "train.steps": 3, "train.batch": 8, "task.opponents": False}
    errors = []
    for scale in (4e-5, 4e-2, 40.0):  # metres a millisecond, millimetres, micrometres
        actions = np.c_[unit / np.abs(unit).max() * scale, np.full(len(unit), 0.7)]
        path = dp3(tmp_path / f"{scale}.zarr", data, action=actions, point_cloud=None)
        run = sp.run(
            "mp1", "replay", settings={**settings, "env.path": path}, output=tmp_path / "runs", device="cpu", workers=1
        )
        errors.append(run.summary["action_error"]["value"])
        assert sp.load(run)({"agent_pos": data[0].observations["agent_pos"][0]})[3] == np.float32(0.7)
    np.testing.assert_allclose(errors, errors[0], rtol=1e-3)


def test_a_quaternion_and_its_negative_are_the_same_action_where_they_are_declared(tmp_path):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    draws, data = np.random.default_rng(0), reach((4, 5, 6))
    turns = draws.normal([3, 0, 0, 0], 0.5, (15, 4))
    turns *= draws.choice([-1, 1], (15, 1)) / np.linalg.norm(turns, axis=1, keepdims=True)
    actions = np.concatenate([draws.normal(size=(15, 3)), turns], 1).astype(np.float32)
    path = dp3(tmp_path / "turns.zarr", data, action=actions)

    def errors(sign, **options):
        env = ReplayEnv(path, **options)
        env.reset(seed=0)
        asked = np.float32([1, 1, 1, *[sign] * 4])
        return [env.step(env.expert_action * asked + np.float32([0.1, 0, 0, 0, 0, 0, 0]))[4] for _ in range(3)]

    assert errors(-1, quaternions=[3]) == errors(1, quaternions=[3])
    assert errors(-1)[0]["action_error"] > 5 * errors(1)[0]["action_error"]
    spread = (turns * np.sign(turns[:, :1])).std(0)  # of rotations, not of signs
    env = ReplayEnv(path, quaternions=[3])
    env.reset(seed=0)
    info = env.step(env.expert_action + np.float32([0, 0, 0, 0, 0.01, 0, 0]))[4]
    assert info["action_error"] == pytest.approx(0.01 / spread[1] / np.sqrt(7), rel=1e-4)
    for wrong in ([4], [-1], [0, 3], ["a"], [0.5], 9):
        with pytest.raises(ConfigError, match=r"env\.quaternions=.*must name where"):
            ReplayEnv(path, quaternions=wrong)
    task = resolve("mp1", "replay", settings={"env.path": path, "env.quaternions": [3]}).task
    env = gymnasium.make(task.env, **task.kwargs, **task.splits["test"])
    env.reset(seed=0)
    assert env.step(-env.unwrapped.expert_action * np.float32([-1, -1, -1, 1, 1, 1, 1]))[4]["action_error"] < 1e-6
