"""Samplers by setting: every diffusion and flow policy takes every sampler, when it is built and when it is loaded."""

from __future__ import annotations

import pytest
import torch

from simplatform.errors import ConfigError, SolverError, UnknownName
from simplatform.plugin_host.host import get_host
from simplatform.policies.samplers import sampler_names
from simplatform.runs.checkpoint import build_policy, read_policy, write_policy
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations

POLICIES = ("dp3", "simple-dp3", "flow-matching", "rectified-flow", "rectified-diffusion", "consistency-distillation")
SMALL = {"widths": (8, 16), "embedding": 16}
OBSERVATION = {key: torch.zeros(1, 2, *shape) for key, shape in SIGNATURE.observation.items()}


def built(name, **settings):
    config = get_host().registry("policy").get(name).load_config()(**SMALL, **settings)
    policy = build_policy(name, config, SIGNATURE).eval()
    policy.prepare(demonstrations())
    return policy, config


@pytest.mark.parametrize("sampler", [*sampler_names(), "euler", "heun", "rk4"])
@pytest.mark.parametrize("name", POLICIES)
def test_any_sampler_serves_any_policy(name, sampler):
    policy, _ = built(name, sampler=sampler, nfe=8)
    calls = []
    policy.unet.register_forward_hook(lambda *args: calls.append(1))
    action = policy.act(OBSERVATION, generator=torch.Generator().manual_seed(0))
    assert action.shape == (1, 3, 4)
    assert bool(torch.isfinite(action).all())
    assert 1 <= len(calls) <= 8


def test_a_trained_policy_is_loaded_with_another_sampler(tmp_path):
    policy, config = built("dp3")
    write_policy(tmp_path, policy, "dp3", config, SIGNATURE)
    other = read_policy(tmp_path, changes={"sampler": "dpm++2m", "nfe": 4})
    assert (other.config.sampler, other.config.nfe) == ("dpm++2m", 4)
    assert torch.equal(other.unet.head.weight, policy.unet.head.weight)
    for changes, error, words in (
        ({"sampler": "dpmpp"}, UnknownName, "Did you mean dpm3"),
        ({"sampler": "dpm3", "nfe": 2}, SolverError, "needs 3 evaluations"),
        ({"samplers": "ddim"}, ConfigError, "did you mean policy.sampler"),
    ):
        with pytest.raises(error, match=words):
            read_policy(tmp_path, changes=changes)


def test_samplers_agree_where_they_are_fine_enough():
    """The field of an untrained network is what it is; fine sampling of it has one answer."""
    noise = torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    answers = []
    for sampler in ("dpm++2m", "deis-tab2", "heun"):
        policy = built("dp3", sampler=sampler, nfe=2000)[0].double()
        policy.predict = lambda x, step, prepared: 0.3 * torch.tanh(x)
        with torch.no_grad():
            answers.append(policy.sample(torch.zeros(2, 256).double(), noise))
    for other in answers[1:]:
        torch.testing.assert_close(other, answers[0], rtol=0, atol=2e-3)
