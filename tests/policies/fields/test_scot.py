"""scOT trained on all pairs of frames: one network for every lead time (Herde et al., 2024, arXiv."""

from __future__ import annotations

import pytest
import torch

from simplatform.contracts import Signature
from simplatform.errors import ConfigError, ContractError
from simplatform.policies.fields.scot import ScOTConfig, ScOTPolicy
from simplatform.policies.fields.sinenet import SineNetConfig, SineNetPolicy
from simplatform.policies.fields.stagger import Stagger, StaggerConfig
from simplatform.recipes import validate
from tests.policies.fields.plane_cases import batch, built, recorded


def test_scot_learns_pairs_of_every_lead():
    policy = built("scot")
    policy.prepare(recorded())
    seen = []
    policy.network.register_forward_hook(lambda module, inputs, output: seen.append(inputs[1]))
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        policy.loss(batch(policy, rows=4), generator=generator)
    assert {round(float(lead) * 3) for lead in torch.cat(seen)} == {0, 1, 2, 3}
    seen.clear()
    policy.act(batch(policy).observation, generator=generator)
    assert [round(float(lead[0]) * 3) for lead in seen] == [1, 2]


def test_grids_that_do_not_fit_are_named():
    line = Signature({"field": (1, 32), "parameters": (0,)}, (1, 32), {})
    with pytest.raises(ContractError, match="square grid"):
        ScOTPolicy(ScOTConfig(), line)
    small = Signature({"field": (1, 16, 16), "parameters": (0,)}, (1, 16, 16), {})
    with pytest.raises(ContractError, match="divisible by 16"):
        SineNetPolicy(SineNetConfig(), small)
    with pytest.raises(ContractError, match="divisible by 8"):
        Stagger(StaggerConfig(multipliers=(1, 2, 2)), Signature({"field": (1, 12), "parameters": (0,)}, (1, 12), {}))


def test_stages_that_do_not_agree_are_refused():
    with pytest.raises(ConfigError, match="as many as there are stages"):
        validate(ScOTConfig, {"depths": [2, 2, 2]}, "policy")
