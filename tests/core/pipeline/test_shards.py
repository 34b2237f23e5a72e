"""Shards: episodes as pure data, and the module-level function that runs one in any process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import simplatform as sp
from simplatform.errors import ContractError
from simplatform.pipeline.evaluate import evaluate_shards
from simplatform.pipeline.shards import episode_shard, run_episode
from simplatform.recipes import find_task


def test_a_policy_of_other_sizes_names_both():
    settings = {"task.demonstrations": 1, "task.validation": 0, "steps": 2}
    run = sp.run("mlp", "lorenz-x", settings=settings, workers=1, until="fit")
    larger = find_task("lorenz")
    shard = episode_shard(larger, "test", 0, 0, checkpoint=str(run.best))
    with pytest.raises(ContractError, match=r"RuntimeError: .* trained on observations .*, 1\).* has .*\(8, 3\)"):
        evaluate_shards(larger, [shard], workers=1)


def test_evaluations_make_no_cloud_that_nobody_reads_and_all_else_does():
    found = find_task("metaworld/drawer-close")
    task = replace(found, kwargs={**found.kwargs, "points": 8, "camera_size": 16, "max_steps": 12})
    whole = run_episode(episode_shard(task, "train", 0, 0)).episode
    evaluated = run_episode(episode_shard(task, "train", 0, 0, stop_early=True)).episode
    recorded = run_episode(episode_shard(task, "train", 0, 0, stop_early=True, record=True)).episode
    assert set(whole.observations) == set(recorded.observations) == {"agent_pos", "point_cloud", "state"}
    assert set(evaluated.observations) == {"agent_pos", "state"}
    np.testing.assert_array_equal(evaluated.actions, whole.actions[: len(evaluated.actions)])
    again = run_episode(episode_shard(task, "train", 0, 0)).episode
    np.testing.assert_array_equal(again.observations["point_cloud"], whole.observations["point_cloud"])
