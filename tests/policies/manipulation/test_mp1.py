from __future__ import annotations

import pytest
import torch
from torch import Generator

from simplatform.contracts import Batch, Trainable
from simplatform.demonstrations.windows import Windows
from simplatform.errors import ContractError
from simplatform.policies.manipulation.meanflow import Times, meanflow_terms
from simplatform.policies.manipulation.mp1 import MP1, MP1Config, import_official
from tests.parity import assert_same
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations, parity


@pytest.fixture(scope="module")
def official():
    data = parity("mp1")
    with pytest.warns(UserWarning, match="no normaliser"):
        policy, _, _ = import_official(data["state_dict"], {"points": data["config"]["n_points"]})
    return policy, data["inputs"], data["outputs"]


@pytest.fixture
def small() -> MP1:
    policy = MP1(MP1Config(widths=(8, 16, 24), embedding=16, points=16), SIGNATURE)
    policy.prepare(demonstrations())
    return policy


def _batch(policy: MP1) -> Batch:
    windows = Windows(demonstrations(), observe=policy.observe, horizon=policy.horizon, execute=policy.execute)
    return windows.batch(10, seed=0, step=0)


def _ordered(inputs, outputs):
    """Put rows with r < t first, as training draws them."""
    order = (inputs["t"] == inputs["r"]).int().argsort(stable=True)
    moved = {key: value[order] for key, value in inputs.items()}
    times = Times(moved["t"], moved["r"], int((inputs["t"] != inputs["r"]).sum()))
    return moved, times, outputs["dudt"][order]


def test_forward_passes_match_the_official_modules(official):
    policy, inputs, outputs = official
    condition = policy.encode(inputs["point_cloud"], inputs["agent_pos"])
    assert_same(condition.view(-1, 128), outputs["features"])
    unet = policy.unet(inputs["noise"], (inputs["t"], inputs["r"]), condition)
    assert_same(unet, outputs["unet"])
    assert_same(policy.sample(condition, inputs["noise"]), outputs["action_1nfe"])


def test_training_pass_matches_the_official_modules(official):
    policy, inputs, outputs = official
    inputs, times, dudt = _ordered(inputs, outputs)
    policy.zero_grad()
    condition = policy.encode(inputs["point_cloud"], inputs["agent_pos"])
    terms = meanflow_terms(policy.unet, inputs["action"], inputs["e"], times, condition, policy.config.guidance)
    assert_same(terms.rate, dudt[: times.moving])
    loss = policy.loss_at(inputs["action"], inputs["e"], times, condition)
    for name in ("meanflow_loss", "dispersive_loss"):
        assert_same(loss.parts[name], outputs[name])
    assert_same(loss.total, outputs["loss"])
    loss.total.backward()
    norm = torch.nn.utils.get_total_norm([p.grad for p in policy.parameters()])
    torch.testing.assert_close(norm, outputs["grad_norm"], atol=0, rtol=5e-5)


def test_meets_the_contract_of_a_trainable_policy(small):
    assert isinstance(small, Trainable)
    batch = _batch(small)
    loss = small.loss(batch, generator=Generator().manual_seed(0))
    assert loss.total.ndim == 0
    action = small.act(batch.observation, generator=Generator().manual_seed(0))
    assert action.shape == (10, 3, 4)
    assert torch.equal(action, small.act(batch.observation, generator=Generator().manual_seed(0)))


def test_learns_a_constant_action():
    torch.manual_seed(0)
    policy = MP1(MP1Config(widths=(16, 32), embedding=16, points=16), SIGNATURE)
    policy.prepare(demonstrations())
    batch = _batch(policy)
    target = torch.tensor([0.5, -0.5, 0.2, 0.0])
    batch = Batch(batch.observation, target.expand_as(batch.action))
    optimiser = torch.optim.AdamW(policy.parameters(), lr=3e-3, fused=True)
    generator = Generator().manual_seed(1)
    before = (policy.act(batch.observation, generator=generator) - target).abs().mean()
    for _ in range(160):
        optimiser.zero_grad()
        policy.loss(batch, generator=generator).total.backward()
        optimiser.step()
    after = (policy.act(batch.observation, generator=generator) - target).abs().mean()
    assert after < 0.8 * before, (before, after)


def test_refuses_to_act_without_statistics():
    policy = MP1(MP1Config(widths=(8, 16)), SIGNATURE)
    with pytest.raises(ContractError, match="no statistics"):
        policy.act({"point_cloud": torch.zeros(1, 2, 32, 3)}, generator=Generator())


def test_samplers_are_refused_with_the_reason():
    from simplatform.errors import ConfigError
    from simplatform.recipes import resolve

    for setting in ("sampler", "policy.sampler", "nfe"):
        with pytest.raises(ConfigError, match="average velocity"):
            resolve("mp1", settings={setting: "ddim"})
