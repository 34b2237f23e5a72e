"""Shards: episodes as pure data, and the module-level function that runs one in any process."""

from __future__ import annotations

import pytest

import simplatform as sp
from simplatform.errors import ContractError
from simplatform.pipeline.evaluate import evaluate_shards
from simplatform.pipeline.shards import episode_shard
from simplatform.recipes import find_task


def test_a_policy_of_other_sizes_names_both():
    settings = {"task.demonstrations": 1, "task.validation": 0, "steps": 2}
    run = sp.run("mlp", "lorenz-x", settings=settings, workers=1, until="fit")
    larger = find_task("lorenz")
    shard = episode_shard(larger, "test", 0, 0, checkpoint=str(run.best))
    with pytest.raises(ContractError, match=r"RuntimeError: .* trained on observations .*, 1\).* has .*\(8, 3\)"):
        evaluate_shards(larger, [shard], workers=1)
