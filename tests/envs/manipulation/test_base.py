"""What manipulation environments share: bounds, ends, and what is not finite."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from simplatform.envs.manipulation.base import REACH, STATE_BOUND, PointCloudEnv


class Line(PointCloudEnv):
    """A point on a line that is moved by actions; its state can be made to break."""

    def __init__(self, max_steps=5, terminate=False, render_mode=None):
        self.closed = []
        inner = SimpleNamespace(data=SimpleNamespace(qpos=np.zeros(1)), close=lambda: self.closed.append("inner"))
        super().__init__(inner, None, (1, 2, 1), {"dt": 0.1}, max_steps=max_steps, terminate_on_success=terminate,
                         markers=False, render=(render_mode, (4, 4), "rays"))  # fmt: skip

    def _start(self, seed):
        self.seed_, self.place = seed, 0.0
        return np.array([0.0, 1e9])

    def _advance(self, action):
        self.place += float(action[0])
        self.seen = action
        state = np.array([self.place, np.nan if self.place < -1 else 0.0])
        return state, self.place, {"success": float(self.place >= 2)}

    def _agent(self):
        return np.array([10 * self.place])

    def _make_renderer(self):
        return SimpleNamespace(render=lambda data, markers: np.zeros((4, 4, 3), np.uint8),
                               close=lambda: self.closed.append("drawer"))  # fmt: skip


def moved(env, *actions):
    env.reset(seed=0)
    return [env.step(np.array([action], np.float32)) for action in actions]


def test_spaces_hold_what_is_shown():
    env = Line()
    observation, info = env.reset(seed=0)
    assert set(observation) == {"agent_pos", "state"} == set(env.observation_space.spaces)
    assert env.observation_space.contains(observation)
    assert observation["state"].tolist() == [0, STATE_BOUND]
    assert info == {"success": 0.0, "diverged": 0.0}
    assert env.metadata["simplatform"] == {"dimension": 3, "frame": "world", "dt": 0.1}
    (step,) = moved(env, 1.0)
    assert step[0]["agent_pos"].tolist() == [REACH]


def test_a_seed_decides_and_without_one_the_stream_goes_on():
    env, other = Line(), Line()
    env.reset(seed=3)
    other.reset(seed=3)
    assert env.seed_ == other.seed_
    first = env.seed_
    env.reset()
    other.reset()
    assert env.seed_ == other.seed_ != first


def test_actions_are_clipped():
    env = Line()
    moved(env, 5.0)
    assert env.seen.tolist() == [1.0]


@pytest.mark.parametrize("terminate", [False, True])
def test_success_ends_only_where_it_is_to(terminate):
    ends = [(step[2], step[3], step[4]["success"]) for step in moved(Line(5, terminate), 1, 1, 1, 1, 1)]
    assert [success for *_, success in ends] == [0, 1, 1, 1, 1]
    assert [terminated for terminated, *_ in ends] == [False, *[terminate] * 4]
    assert [truncated for _, truncated, _ in ends] == [False] * 4 + [True]


def test_what_is_not_finite_ends_the_episode_without_a_reward():
    (broken,) = moved(Line(), np.nan)
    assert (broken[1], broken[2], broken[4]["diverged"]) == (0.0, True, 1.0)
    _, fallen = moved(Line(), -1.0, -1.0)
    assert (fallen[1], fallen[2], fallen[4]["diverged"]) == (0.0, True, 1.0)
    assert np.isfinite(fallen[0]["state"]).all()
    env = Line()
    env.reset(seed=0)
    env.inner.data.qpos[0] = np.inf
    assert env.step(np.zeros(1, np.float32))[2]


def test_pictures_only_with_a_render_mode_and_everything_is_closed():
    assert Line().render() is None
    env = Line(render_mode="rgb_array")
    env.reset(seed=0)
    assert env.render().shape == (4, 4, 3)
    env.close()
    assert env.closed == ["drawer", "inner"]
