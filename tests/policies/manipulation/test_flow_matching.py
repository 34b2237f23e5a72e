from __future__ import annotations

import math

import pytest
import torch
from torch import Generator

from simplatform.contracts import Trainable
from simplatform.demonstrations.windows import Windows
from simplatform.errors import SolverError, UnknownName
from simplatform.policies.manipulation.flow_matching import FlowMatching, FlowMatchingConfig
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations

SMALL = {"widths": (8, 16), "embedding": 16}


def policy(**settings):
    torch.manual_seed(0)
    return FlowMatching(FlowMatchingConfig(**SMALL, **settings), SIGNATURE).eval()


def count(model, monkeypatch):
    calls, velocity = [], model.velocity
    monkeypatch.setattr(model, "velocity", lambda *args: calls.append(1) or velocity(*args))
    return calls


@pytest.mark.parametrize("sampler", ["euler", "midpoint", "rk4", "ddim", "dpm++2m", "deis-tab2"])
def test_samplers_keep_the_budget(sampler, monkeypatch):
    model = policy(sampler=sampler, nfe=8)
    calls = count(model, monkeypatch)
    with torch.no_grad():
        chunk = model.sample(torch.zeros(2, 256), torch.randn(2, 4, 4))
    assert len(calls) == 8
    assert chunk.shape == (2, 4, 4)
    assert bool(torch.isfinite(chunk).all())


@pytest.mark.parametrize(("sampler", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2), ("rk4", 4)])
def test_error_falls_with_the_order(sampler, order):
    """On a field with a known flow: group norm over a few values makes untrained networks anything but smooth."""
    noise = torch.randn(2, 4, 4, dtype=torch.float64, generator=Generator().manual_seed(2))
    exact = noise * math.exp(-1.0)

    def error(nfe):
        model = policy(sampler=sampler, nfe=nfe).double()
        model.velocity = lambda x, t, condition: (0.5 + t) * x
        with torch.no_grad():
            return float((model.sample(torch.zeros(2, 256).double(), noise) - exact).abs().max())

    assert math.log2(error(64) / error(128)) == pytest.approx(order, abs=0.15)


def test_a_straight_flow_has_no_loss_and_needs_one_step(monkeypatch):
    model = policy(nfe=1)
    chunk, noise = torch.randn(8, 4, 4), torch.randn(8, 4, 4)
    monkeypatch.setattr(model, "velocity", lambda x, t, condition: noise - chunk)
    assert model.loss_at(chunk, noise, torch.rand(8), torch.zeros(8, 256)).total < 1e-12
    torch.testing.assert_close(model.sample(torch.zeros(8, 256), noise), chunk)


def test_trains_and_acts():
    model, data = policy(), demonstrations()
    assert isinstance(model, Trainable)
    model.prepare(data)
    windows = Windows(data, observe=2, horizon=4, execute=3)
    loss = model.loss(windows.batch(8, seed=0, step=0), generator=Generator().manual_seed(0))
    loss.total.backward()
    observation = windows.batch(2, seed=0, step=1).observation
    first, again = (model.act(observation, generator=Generator().manual_seed(3)) for _ in range(2))
    assert first.shape == (2, 3, 4)
    assert torch.equal(first, again)


def test_impossible_samplers_are_refused():
    with pytest.raises(UnknownName, match="midpoint"):
        policy(sampler="midpiont")
    with pytest.raises(SolverError, match="needs 4 evaluations"):
        policy(sampler="rk4", nfe=3)
