from __future__ import annotations

import pytest
import torch
from torch import Generator

from simplatform.contracts import Trainable
from simplatform.demonstrations.windows import Windows
from simplatform.policies.manipulation.flowpolicy import FlowPolicy, FlowPolicyConfig, import_official
from tests.parity import assert_same
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations, parity


@pytest.fixture(scope="module")
def official():
    data = parity("flowpolicy")
    with pytest.warns(UserWarning, match="no normaliser"):
        policy, _, _ = import_official(data["state_dict"], {"points": data["config"]["n_points"]})
    return policy, data["inputs"], data["outputs"]


def test_matches_the_official_modules(official):
    policy, inputs, outputs = official
    condition = policy.encode(inputs["point_cloud"], inputs["agent_pos"])
    assert_same(condition.view(-1, 128), outputs["features"])
    x = torch.lerp(inputs["a0"], inputs["action"], inputs["t"][:, None, None])
    assert_same(policy.velocity(x, inputs["t"], condition), outputs["velocity_t"])
    assert_same(policy.sample(condition, inputs["a0"]), outputs["action_1nfe"])
    loss = policy.loss_at(inputs["action"], inputs["a0"], inputs["t"], condition)
    assert float(loss.total.detach()) == pytest.approx(float(outputs["loss"]), rel=1e-4)


def test_a_straight_flow_has_no_loss(monkeypatch):
    policy = FlowPolicy(FlowPolicyConfig(widths=(8, 16), embedding=16), SIGNATURE)
    chunk, noise, t = torch.randn(64, 4, 4), torch.randn(64, 4, 4), torch.rand(64).clamp_min(0.01)
    monkeypatch.setattr(policy, "velocity", lambda x, t, condition: (chunk - noise).repeat(2, 1, 1))
    assert policy.loss_at(chunk, noise, t, torch.zeros(64, 256)).total < 1e-12


def test_meets_the_contract_and_honours_nfe(monkeypatch):
    policy = FlowPolicy(FlowPolicyConfig(widths=(8, 16), embedding=16, points=16, nfe=3), SIGNATURE)
    policy.prepare(demonstrations())
    assert isinstance(policy, Trainable)
    batch = Windows(demonstrations(), observe=2, horizon=4, execute=3).batch(6, seed=0, step=0)
    policy.loss(batch, generator=Generator().manual_seed(0)).total.backward()
    calls = []
    velocity = policy.velocity
    monkeypatch.setattr(policy, "velocity", lambda *a: calls.append(a) or velocity(*a))
    assert policy.act(batch.observation, generator=Generator().manual_seed(0)).shape == (6, 3, 4)
    assert len(calls) == 3
