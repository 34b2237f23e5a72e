"""Report sections of a manipulation run, drawn from a real recorded episode."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from simplatform.contracts import Metric, Task
from simplatform.envs.manipulation import figures
from simplatform.envs.manipulation.experts import metaworld_expert
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.pipeline.rollout import rollout
from simplatform.runs.recordings import Recording


@pytest.fixture(scope="module")
def recording() -> Recording:
    env = MetaWorldEnv(
        "drawer-close", points=64, camera_size=48, max_steps=12, render_mode="rgb_array", render_size=(48, 36)
    )
    result = rollout(metaworld_expert(env), env, seed=0, generator=torch.Generator().manual_seed(0), record=True)
    episode = result.episode
    return Recording(
        "test", dict(episode.observations), episode.actions, dict(episode.infos), result.chunks, result.chunk_steps,
        np.stack(result.frames),
    )  # fmt: skip


def run_of(*recordings: Recording, env: str = figures.METAWORLD) -> SimpleNamespace:
    success = Metric("success", kind="rate", over="any")
    task = Task("metaworld/drawer-close", env, "metaworld", (success,), kwargs={"task": "drawer-close"})
    return SimpleNamespace(task=task, recordings=[*recordings])


def test_sections_are_self_contained(recording):
    film, clouds = figures.film_section(run_of(recording)), figures.cloud_section(run_of(recording))
    assert film.body.count("data:image/webp") == 1
    assert film.body.count("data:image/png") == 1
    assert clouds.body.count("data:image/png") == 3
    assert not re.search(r"(src|href)=.http", film.body + clouds.body)
    assert clouds.body.count("data-space=") == 1


def test_other_runs_and_runs_without_recordings_get_no_section(recording):
    for section in (figures.film_section, figures.cloud_section):
        assert section(run_of()) is None
        assert section(run_of(recording, env="CartPole-v1")) is None


def test_a_failure_stands_beside_a_success(recording):
    won, lost = (
        replace(recording, infos={**recording.infos, "success": np.full(len(recording.actions), float(won))})
        for won in (True, False)
    )
    both = figures.film_section(run_of(lost, won, won))
    assert both.title == "An episode that succeeds and one that fails"
    assert both.body.index("12 steps: success</figcaption>") < both.body.index("12 steps: failure</figcaption>")
    for alike in (won, lost):
        assert figures.film_section(run_of(alike, alike)).title == "An episode"


def test_the_expert_in_the_figure_is_the_one_who_acted(recording):
    actions = figures.expert_actions(recording.observations, 3, 4, "drawer-close")
    np.testing.assert_array_equal(actions, recording.actions[3:7])


def test_of_many_tasks_the_figure_takes_the_one_that_was_told(recording):
    among = ["push", "drawer-close", "sweep"]
    told = np.concatenate([recording.observations["agent_pos"], np.tile([0.0, 1.0, 0.0], (13, 1))], 1)
    many = replace(recording, observations={**recording.observations, "agent_pos": told})
    assert figures._task_of(many, {"among": among}) == "drawer-close"
    assert figures._task_of(recording, {"task": "sweep"}) == "sweep"


def test_commanded_path_moves_a_centimetre_per_unit():
    path = figures.commanded_path(np.zeros(3), np.array([[1, 0, 0, 1.0], [0, -0.5, 2.0, 0]]))
    np.testing.assert_allclose(path, [[0, 0, 0], [0.01, 0, 0], [0.01, -0.005, 0.01]])


def test_spread_covers_both_ends():
    assert figures.spread(10, 3) == [0, 4, 9]
    assert figures.spread(2, 6) == [0, 1]


def test_pictures_show_the_arm_moving(recording):
    assert recording.frames.shape[1:] == (36, 48, 3)
    assert np.abs(recording.frames[0].astype(int) - recording.frames[-1]).max() > 60
