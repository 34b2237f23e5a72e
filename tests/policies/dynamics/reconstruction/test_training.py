"""Training survives fields that blow up, says so, and windows are cut where they should be."""

from __future__ import annotations

import pytest
import torch

from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.reconstruction.contextual import ContextualConfig, GEPSPolicy
from simplatform.policies.dynamics.reconstruction.training import one_cycle
from tests.policies.dynamics.reconstruction.systems import decay, episode, families, signature


class Exploding(GEPSPolicy):
    """A network whose weights are blown up at one step, as a bad update would."""

    at, factor = 40, 1e6

    def training_field(self, routes, codes):
        self.calls = getattr(self, "calls", 0) + 1
        if self.calls == self.at:
            with torch.no_grad():
                for parameter in self.parameters():
                    parameter.mul_(self.factor)
        return super().training_field(routes, codes)


def fit(policy, **settings):
    torch.manual_seed(0)
    model = policy(ContextualConfig(width=8, depth=3, **settings), signature())
    log = []
    model.fit(families(), validation=Demonstrations([]), progress=lambda s, t, **m: log.append(m))
    return model, log


@pytest.mark.parametrize("factor", [1e6, 30.0])
def test_an_exploding_field_is_caught_logged_and_survived(factor):
    Exploding.factor = factor
    model, log = fit(Exploding, steps=120, finish=40, refine=0)
    assert log[-1]["spikes"] + log[-1]["diverged"] > 0
    assert log[-1]["restored"] >= 1
    assert log[-1]["loss"] < 0.2 * log[0]["loss"]
    assert all(bool(torch.isfinite(value).all()) for value in model.state_dict().values())


def test_a_stiff_system_is_survived_where_its_own_field_would_blow_up():
    stiff = [episode(decay, rate, n, n, end=2.0) for n, rate in enumerate((60.0, 80.0, 100.0))]  # h times rate is 8
    torch.manual_seed(0)
    model = GEPSPolicy(ContextualConfig(width=8, depth=3, steps=60, finish=20, refine=5, lr=0.1), signature())
    log = []
    model.fit(Demonstrations(stiff), validation=Demonstrations(stiff), progress=lambda s, t, **m: log.append(m))
    assert all(bool(torch.isfinite(value).all()) for value in model.state_dict().values())
    assert {"spikes", "diverged", "restored", "undone"} <= set(log[-2])
    new = {key: torch.as_tensor(value[:1])[None] for key, value in stiff[1].observations.items()}
    model.reset(new)
    answer = model.act(new, generator=torch.Generator()).detach()
    assert float(answer[0, 0, 1:].abs().max()) < 0.5  # the truth has fallen to zero after one sample


def test_a_calm_training_counts_nothing():
    _, log = fit(GEPSPolicy, steps=60, finish=10, refine=2)
    assert {log[-1][name] for name in ("spikes", "diverged", "restored")} == {0.0}


def test_one_cycle_rises_and_falls():
    rates = [one_cycle(share / 100) for share in range(101)]
    assert max(rates) == pytest.approx(1.0)
    assert rates[0] == 0
    assert rates[-1] == pytest.approx(0.01)


def test_matching_is_a_start_that_roll_outs_agree_with():
    _, log = fit(GEPSPolicy, match=100, steps=0, finish=25, refine=0)
    losses = [m["loss"] for m in log if "loss" in m]
    assert losses[3] < losses[0] < 0.5  # of derivatives
    assert losses[-1] < 1e-3  # of roll-outs
    assert log[-1]["diverged"] == 0
