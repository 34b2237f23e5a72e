"""Checks of demonstrations and recipes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from simplatform_toy.env import PointMass
from simplatform_toy.policies import Mean, MeanConfig, Toy, ToyConfig

from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError
from simplatform.pipeline.collect import collect
from simplatform.plugin_host.host import get_host
from simplatform.recipes import find_task
from simplatform.testing import (
    check_demonstrations,
    check_env,
    check_policy,
    check_recipe,
    check_task,
)
from tests.core.testing.testing_cases import SIGNATURE


@pytest.fixture
def data(tmp_path):
    return collect(find_task("toy/point"), count=2, seed=0, root=tmp_path).demonstrations


def test_good_ones_pass(data):
    check_env(PointMass())
    check_task(find_task("toy/point"))
    check_policy(Toy(ToyConfig(), SIGNATURE), PointMass(), data)
    check_policy(Mean(MeanConfig(), SIGNATURE), PointMass(), data)
    check_demonstrations(data)
    check_recipe("toy")


def test_bad_demonstrations_are_named(data):
    first = data[0]
    bad = dataclasses.replace(first, actions=first.actions * np.nan)
    with pytest.raises(ContractError, match="episode 1 has non-finite values in 'action'"):
        check_demonstrations(Demonstrations([first, bad]))
    other = dataclasses.replace(first, observations={"cloud": first.observations["state"]})
    with pytest.raises(ContractError, match=r"episode 1 has observations \['cloud'\]"):
        check_demonstrations(Demonstrations([first, other]))
    with pytest.raises(ContractError, match="at least one episode"):
        check_demonstrations(Demonstrations([]))


def test_every_built_in_recipe_keeps_the_contract():
    recipes = [entry.name for entry in get_host().registry("recipe") if entry.distribution == "simplatform"]
    assert {"mp1", "stnn", "mixer"} <= set(recipes)
    for name in recipes:
        check_recipe(name)
