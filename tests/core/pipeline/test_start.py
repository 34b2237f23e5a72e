"""What a run starts from, and what its checkpoints say of the data that taught it."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import ContractError
from simplatform.pipeline.start import ranges_of, run_signature, taught_signature, untrained
from simplatform.recipes import resolve


def test_ranges_are_per_component_of_the_last_axis():
    episodes = [
        Episode(
            {"x": np.full((3, 4, 2), [n, -n]), "flag": np.arange(3.0), "wide": np.zeros((3, 2000))}, np.full((2, 1), n)
        )
        for n in (1.0, 5.0)
    ]
    found = ranges_of(Demonstrations(episodes))
    assert found == {"x": {"low": [1, -5], "high": [5, -1]}, "action": {"low": [1], "high": [5]}}
    assert ranges_of(Demonstrations([])) == {}


def test_sizes_that_change_and_values_that_are_not_finite_have_no_range():
    episodes = [Episode({"x": np.zeros((2, n)), "y": np.full((2, 1), np.inf)}, np.zeros((1, 1))) for n in (2, 3)]
    assert list(ranges_of(Demonstrations(episodes))) == ["action"]


def test_a_checkpoint_keeps_the_bounds_of_the_action_space_and_the_seed():
    recipe = resolve("zero", "metaworld/dial-turn", seed=3)
    episode = Episode({"agent_pos": np.zeros((2, 9))}, np.ones((1, 4)))
    signature = taught_signature(recipe, Demonstrations([episode]))
    assert signature.observation == run_signature(recipe).observation
    assert signature.facts.limits == {"low": [-1.0] * 4, "high": [1.0] * 4}
    assert signature.facts.ranges["action"]["high"] == [1.0] * 4
    assert signature.facts.more["seed"] == 3
    assert signature.facts.clouds["point_cloud"]["points"] > 0


def test_a_task_that_is_none_for_a_policy_names_one_that_is():
    with pytest.raises(ContractError, match="own task is metaworld/dial-turn"):
        untrained(resolve("mp1", "lorenz"))
