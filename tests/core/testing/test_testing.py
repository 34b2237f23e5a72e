"""The checks for plugin authors: they pass what keeps the contract, and name what does not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from simplatform_toy.env import PointMass
from simplatform_toy.policies import Mean, MeanConfig, Toy, ToyConfig

from simplatform.contracts import Metric, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError, UnknownName
from simplatform.pipeline.collect import collect
from simplatform.plugin_host.host import get_host
from simplatform.recipes import find_task
from simplatform.testing import (
    check_demonstrations,
    check_env,
    check_expert,
    check_policy,
    check_recipe,
    check_registered,
    check_task,
)

SIGNATURE = Signature({"state": (4,)}, (2,))


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


@pytest.mark.parametrize(
    ("fail", "message"),
    [
        ("nan loss", "finite 0-d"),
        ("nan action", "non-finite actions"),
        ("shape", r"must return a tensor \(B, K"),
    ],
)
def test_bad_policies_are_named(data, fail, message):
    with pytest.raises(ContractError, match=message):
        check_policy(Toy(ToyConfig(fail=fail), SIGNATURE), PointMass(), data)


def test_random_and_short_answers_are_found():
    class Random(Toy):
        def act(self, observation, *, generator):
            return super().act(observation, generator=generator) + torch.rand(())

    class Short(Toy):
        execute = 3

    class Lacking:
        observe = execute = 1

    with pytest.raises(ContractError, match="two calls with the same observation"):
        check_policy(Random(ToyConfig(), SIGNATURE), PointMass())
    with pytest.raises(ContractError, match="returned 2 actions, but execute is 3"):
        check_policy(Short(ToyConfig(), SIGNATURE), PointMass())
    with pytest.raises(ContractError, match="lacks act, reset"):
        check_policy(Lacking(), PointMass())


def test_state_outside_of_buffers_is_found(data):
    class Forgetful(Toy):
        def load_state_dict(self, *args, **kwargs):
            super().load_state_dict(*args, **kwargs)
            self.scale = self.scale * 2  # as if it had been kept elsewhere

    with pytest.raises(ContractError, match="after its state was saved and loaded"):
        check_policy(Forgetful(ToyConfig(), SIGNATURE), PointMass(), data)


def test_bad_environments_are_named():
    class Unseeded(PointMass):
        def reset(self, *, seed=None, options=None):
            return super().reset(seed=None if seed == 11 else seed)

    class Unnamed(PointMass):
        def __init__(self):
            super().__init__()
            self.observation_space = self.observation_space["state"]

    with pytest.raises(ContractError, match=r"differ in 'state'|check_env says"):
        check_env(Unseeded())
    with pytest.raises(ContractError, match="expected a Dict observation space"):
        check_env(Unnamed())


def test_a_metric_that_is_not_reported_is_found():
    task = dataclasses.replace(find_task("toy/point"), metrics=(Metric("speed"),))
    with pytest.raises(ContractError, match="must report 'speed' in info; it reports distance, success"):
        check_expert(task, PointMass())


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


def test_checks_by_name():
    assert [line.split(":")[0] for line in check_registered("toy")] == ["policy toy on toy/point"]
    assert list(check_registered("toy/PointMass-v0"))
    with pytest.raises(UnknownName, match="Did you mean"):
        list(check_registered("toyy"))


def test_every_built_in_recipe_keeps_the_contract():
    recipes = [entry.name for entry in get_host().registry("recipe") if entry.distribution == "simplatform"]
    assert {"mp1", "stnn", "mixer"} <= set(recipes)
    for name in recipes:
        check_recipe(name)
