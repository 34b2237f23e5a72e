"""The refiner's settings of acting: how many calls, by which sampler; its forecast is the same for the same noise."""

from __future__ import annotations

import pytest
import torch

from simplatform.errors import ConfigError, SolverError
from simplatform.policies.fields.refiner import Refiner, RefinerConfig
from simplatform.recipes.config import validate
from tests.policies.fields.test_surrogates import SIGNATURE, batch_of, shifts

SMALL = {"width": 8, "multipliers": (1, 2)}


def test_calls_that_are_not_there_are_refused_with_what_helps():
    with pytest.raises(ConfigError, match=r"nfe=6 exceeds the 4 published calls.*policy\.sampler=ddim"):
        validate(RefinerConfig, {"nfe": 6}, "policy")
    with pytest.raises(ConfigError, match=r"policy\.refinements must be 2 or more"):
        validate(RefinerConfig, {"refinements": 1, "sampler": "ddim"}, "policy")
    assert Refiner(RefinerConfig(nfe=6, sampler="ddim"), SIGNATURE).nfe == 6.0


def test_a_sampler_that_cannot_take_a_step_is_refused_before_it_acts():
    with pytest.raises(SolverError, match="needs 2 evaluations a step"):
        Refiner(RefinerConfig(**SMALL, nfe=3, sampler="dpm++2s"), SIGNATURE)


@pytest.mark.parametrize("sampler", ["", "ddim"])
@pytest.mark.parametrize("calls", [1, 3])
def test_the_same_noise_gives_the_same_forecast(sampler, calls):
    torch.manual_seed(0)
    policy = Refiner(RefinerConfig(**SMALL, nfe=calls, sampler=sampler), SIGNATURE).eval()
    policy.prepare(shifts())
    torch.nn.init.normal_(policy.network.final.weight, std=0.1)
    batch = batch_of(shifts())
    found = [
        policy.act(batch.observation, generator=torch.Generator().manual_seed(seed)).detach() for seed in (0, 0, 1)
    ]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert policy.nfe == calls
