"""UPINN as a policy: learns from the support alone, forecasts by what it found, and refuses what it cannot do."""

from __future__ import annotations

import pytest
import torch

from simplatform.contracts import Signature
from simplatform.errors import ConfigError, ContractError
from simplatform.policies.dynamics.upinn.policy import UPINN, UPINNConfig
from tests.policies.dynamics.upinn.systems import HIDDEN, RATES, SIGNATURE, samples

SMALL = {"units": 8, "width": 4, "points": 20, "steps": 12, "rounds": 2, "draws": 4, "degree": 1}


def shown():
    one = samples(0.01)
    start = torch.tensor([[1.0, 1.0]] * 2, dtype=torch.float64)
    return {"support": one.states[:, None], "times": one.times[:, None], "initial": start[:, None],
            "parameters": RATES[:, None]}, one.times  # fmt: skip


@pytest.mark.parametrize(("answer", "allowed"), [("best", 0.02), ("network", 0.2)])
def test_it_forecasts_from_a_new_start(answer, allowed):
    observation, times = shown()
    policy = UPINN(UPINNConfig(**SMALL, answer=answer), SIGNATURE)
    policy.reset(observation)
    found = policy.act(observation, generator=torch.Generator())[:, 0]
    rest = (HIDDEN / RATES[:, 0])[:, None]
    truth = torch.stack([rest + (1 - rest) * torch.exp(-RATES * times), torch.exp(-times)], -1)
    assert float((found - truth).abs().max()) < allowed


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ContractError, match="support"):
        UPINN(UPINNConfig(), Signature({"window": (8, 2)}, (2,)))
    with pytest.raises(ConfigError, match=r"lower policy\.degree"):
        UPINN(UPINNConfig(degree=6), Signature({"support": (1, 10, 5)}, (10, 5)))
    policy = UPINN(UPINNConfig(**SMALL), SIGNATURE)
    observation, _ = shown()
    with pytest.raises(ContractError, match="reset"):
        policy.act(observation, generator=torch.Generator())
    with pytest.raises(ContractError, match="1 parameters, 0 are shown"):
        policy.reset({name: value for name, value in observation.items() if name != "parameters"})
