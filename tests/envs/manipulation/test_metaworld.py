"""The environment keeps Gymnasium's contract, and a seed decides its episodes."""

from __future__ import annotations

import warnings
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

import simplatform  # noqa: F401  (registers the environments)
from simplatform.envs.manipulation.experts import metaworld_expert
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.envs.manipulation.tasks import GROUPS, TASKS, group_of
from simplatform.envs.manipulation.vision.clouds import PointCloud, corner2
from simplatform.envs.manipulation.vision.crop import named_crop
from simplatform.errors import ContractError, UnknownName
from simplatform.pipeline.environments import make_env
from simplatform.recipes import find_task

SMALL = {"points": 32, "camera_size": 24}


def actions(steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (steps, 4)).astype(np.float32)


def rollout(env: gymnasium.Env, seed: int, steps: int = 10) -> list[np.ndarray]:
    observation, _ = env.reset(seed=seed)
    observations = [observation] + [env.step(action)[0] for action in actions(steps)]
    return [np.concatenate([o[key].ravel() for key in sorted(o)]) for o in observations]


def test_fifty_tasks_in_four_groups():
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    assert {f"{task}-v3" for task in TASKS} == set(ALL_V3_ENVIRONMENTS)
    assert [len(tasks) for tasks in GROUPS.values()] == [28, 11, 6, 5]
    assert group_of("hammer") == "medium"


@pytest.mark.parametrize("kwargs", [{}, {"points": 0}, {"crop": "published", "markers": False}])
def test_check_env_has_nothing_to_say(kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        check_env(MetaWorldEnv(**(SMALL | kwargs)), skip_render_check=True)


def test_observation_is_what_it_says():
    env = gymnasium.make("simplatform/MetaWorld-v0", task="door-open")
    observation, info = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert observation["point_cloud"].shape == (512, 3)
    assert info["success"] == 0.0
    inner = env.unwrapped.inner
    np.testing.assert_allclose(observation["agent_pos"][:3], inner.data.body("hand").xpos, atol=1e-6)
    np.testing.assert_allclose(observation["state"][-3:], inner._target_pos, atol=1e-6)
    assert env.unwrapped.metadata["simplatform"]["dt"] == inner.dt


def test_a_seed_decides_the_episode_whatever_came_before():
    fresh, used = MetaWorldEnv("hammer", **SMALL), MetaWorldEnv("hammer", **SMALL)
    rollout(used, seed=3)
    for a, b in zip(rollout(fresh, seed=8), rollout(used, seed=8), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_seed_decides_the_episode_in_every_task(task):
    fresh, used = MetaWorldEnv(task, **SMALL), MetaWorldEnv(task, **SMALL)
    rollout(used, seed=3)
    for a, b in zip(rollout(fresh, seed=8), rollout(used, seed=8), strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_seeds_and_no_seed_give_other_episodes():
    env = MetaWorldEnv("pick-place", points=0)
    goals = [env.reset(seed=seed)[0]["state"][-3:] for seed in (0, 1)] + [env.reset()[0]["state"][-3:]]
    assert len({tuple(goal) for goal in goals}) == 3
    env.reset(seed=1)
    np.testing.assert_array_equal(env.reset()[0]["state"][-3:], goals[2])


def test_episode_is_truncated_after_max_steps_and_ends_at_success_only_when_asked():
    env = MetaWorldEnv("reach", points=0, max_steps=5)
    env.reset(seed=0)
    ends = [env.step(action)[2:4] for action in actions(5)]
    assert ends == [(False, False)] * 4 + [(False, True)]
    lengths = {stop: expert_episode("drawer-close", stop)[0] for stop in (True, False)}
    assert lengths[True] < lengths[False] == 120


def expert_episode(task: str, terminate_on_success: bool, seed: int = 0) -> tuple[int, float]:
    env = MetaWorldEnv(task, points=0, max_steps=120, terminate_on_success=terminate_on_success)
    expert, (observation, _) = metaworld_expert(env), env.reset(seed=seed)
    steps, success, done = 0, 0.0, False
    while not done:
        batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
        action = expert.act(batch)
        assert action.shape == (1, 1, 4)
        assert action.abs().max() <= 1
        observation, _, terminated, truncated, info = env.step(action[0, 0].numpy())
        steps, success, done = steps + 1, max(success, info["success"]), terminated or truncated
    return steps, success


@pytest.mark.parametrize("task", ["drawer-close", "button-press-topdown", "plate-slide"])
def test_scripted_expert_succeeds(task):
    assert expert_episode(task, terminate_on_success=True)[1] == 1.0


def test_what_is_not_finite_ends_the_episode_and_is_reported():
    env = MetaWorldEnv(**SMALL)
    env.reset(seed=0)
    observation, reward, terminated, _, info = env.step(np.array([np.nan, 0, 0, 0], np.float32))
    assert terminated
    assert info["diverged"] == 1.0
    assert reward == 0.0
    assert env.observation_space.contains(observation)


def test_unknown_names_are_refused_with_a_suggestion():
    with pytest.raises(UnknownName, match="Did you mean drawer-open"):
        MetaWorldEnv("drawer-opn")
    with pytest.raises(UnknownName, match="published, workspace"):
        MetaWorldEnv(crop="none")
    with pytest.raises(UnknownName, match="rays, gl"):
        MetaWorldEnv(backend="lidar")
    with pytest.raises(ContractError, match="MetaWorld-v0"):
        metaworld_expert(gymnasium.make("CartPole-v1"))


def test_markers_show_the_goal_in_the_cloud():
    env = MetaWorldEnv("reach", camera_size=128)
    env.reset(seed=2)
    (centre,), (radius,) = env.markers
    camera = corner2(env.inner.model, 128)
    cloud = PointCloud(env.inner.model, camera, named_crop("workspace", camera))
    gap = {
        name: np.linalg.norm(cloud.points(env.inner.data, markers) - centre, axis=1) - radius
        for name, markers in {"with": env.markers, "without": None}.items()
    }
    assert (np.abs(gap["with"]) < 1e-5).sum() > 10
    assert not (gap["without"] < 1e-3).any()


def test_synchronous_and_process_vector_environments_agree():
    kwargs = {"task": "drawer-open", **SMALL}
    runs = []
    for mode, extra in (("sync", {}), ("async", {"context": "spawn"})):
        env = gymnasium.make_vec(
            "simplatform/MetaWorld-v0", num_envs=2, vectorization_mode=mode, vector_kwargs=extra, **kwargs
        )
        first, _ = env.reset(seed=[4, 9])
        frames = [first] + [env.step(np.stack([action, -action]))[0] for action in actions(4)]
        runs.append([{key: value.copy() for key, value in frame.items()} for frame in frames])
        env.close()
    alone = MetaWorldEnv(**kwargs)
    np.testing.assert_array_equal(runs[0][0]["point_cloud"][1], alone.reset(seed=9)[0]["point_cloud"])
    for a, b in zip(*runs, strict=True):
        for key in a:
            np.testing.assert_array_equal(a[key], b[key])


def test_a_policy_for_many_tasks_is_told_which_one_it_is():
    env = MetaWorldEnv("push", among=["reach", "push", "sweep"], **SMALL)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    np.testing.assert_array_equal(observation["agent_pos"][9:], [0, 1, 0])
    alone, _ = MetaWorldEnv("push", **SMALL).reset(seed=0)
    np.testing.assert_array_equal(observation["agent_pos"][:9], alone["agent_pos"])
    np.testing.assert_array_equal(observation["point_cloud"], alone["point_cloud"])
    with pytest.raises(UnknownName, match="push"):
        MetaWorldEnv("push", among=["reach"], **SMALL)


def test_tasks_of_a_group_are_shown_in_turn():
    task = find_task("metaworld/very-hard")
    assert task.demonstrations == 50
    envs = [make_env(replace(task, kwargs={**task.kwargs, **SMALL}), "test", number) for number in range(6)]
    names = [env.unwrapped.task for env in envs]
    assert names == [*GROUPS["very hard"], GROUPS["very hard"][0]]
    tokens = [env.reset(seed=0)[0]["agent_pos"][9:] for env in envs[:5]]
    np.testing.assert_array_equal(tokens, np.eye(5))


def same_as_metaworld(task: str, steps: int) -> None:
    """States, rewards and successes are those of Meta-World's own environment, bit for bit."""
    import gymnasium
    import mujoco
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    env, other = MetaWorldEnv(task, points=0, max_steps=steps), ALL_V3_ENVIRONMENTS[f"{task}-v3"]()
    other._partially_observable, other._freeze_rand_vec, other._set_task_called = False, False, True
    other.__dict__.pop("sawyer_observation_space", None)
    other.seeded_rand_vec, other.max_path_length = True, steps + 1
    expert = metaworld_expert(env)
    observation, _ = env.reset(seed=5)
    other.seed(int(gymnasium.utils.seeding.np_random(5)[0].integers(2**31)))
    state, _ = other.reset()
    mujoco.mj_forward(other.model, other.data)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        np.testing.assert_array_equal(observation["state"], np.clip(state, -100, 100).astype(np.float32))
        np.testing.assert_array_equal(env.inner.data.qpos, other.data.qpos)
        action = expert.act({"state": torch.as_tensor(observation["state"])[None, None]})[0, 0].numpy()
        action = np.clip(action + rng.normal(size=4).astype(np.float32) / 5, -1, 1)
        observation, reward, _, _, info = env.step(action)
        state, expected, _, _, details = other.step(np.asarray(action, np.float64))
        assert (reward, info["success"]) == (expected, details["success"])


@pytest.mark.parametrize("task", ["assembly", "button-press-topdown-wall", "stick-pull"])
def test_states_are_metaworlds_own(task):
    same_as_metaworld(task, 60)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_states_are_metaworlds_own_in_every_task(task):
    same_as_metaworld(task, 500)


def test_a_cloud_that_nobody_reads_is_left_out():
    env = MetaWorldEnv("drawer-open", **SMALL)
    whole, _ = env.reset(seed=1)
    env.show(("state",))
    spared, _ = env.reset(seed=1)
    assert set(whole) - set(spared) == {"point_cloud"}
    np.testing.assert_array_equal(spared["state"], whole["state"])
    env.show(None)
    np.testing.assert_array_equal(env.reset(seed=1)[0]["point_cloud"], whole["point_cloud"])
