"""Checks of policies."""

from __future__ import annotations

import pytest
import torch
from simplatform_toy.env import PointMass
from simplatform_toy.policies import Toy, ToyConfig

from simplatform.errors import ContractError
from simplatform.pipeline.collect import collect
from simplatform.recipes import find_task
from simplatform.testing import (
    check_policy,
)
from tests.core.testing.testing_cases import SIGNATURE


@pytest.fixture
def data(tmp_path):
    return collect(find_task("toy/point"), count=2, seed=0, root=tmp_path).demonstrations


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
