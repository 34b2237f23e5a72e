"""Training survives fields that blow up, says so, and windows are cut where they should be."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.contextual import ContextualConfig, GEPSPolicy
from simplatform.policies.dynamics.data import environments_of
from simplatform.policies.dynamics.finishing import Block, Finisher
from simplatform.policies.dynamics.guard import Guard
from simplatform.policies.dynamics.reconstructor import held
from simplatform.policies.dynamics.training import one_cycle
from tests.policies.dynamics.systems import decay, episode, families, signature


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


def test_guard_halves_the_rate_and_brings_the_last_good_parameters_back():
    parameter = nn.Parameter(torch.ones(2))
    guard = Guard([parameter])

    def offer(loss):
        parameter.grad = torch.ones(2)
        return guard.accepts(torch.tensor(loss))

    assert all(offer(1.0) for _ in range(20))
    assert not offer(11.0)
    assert guard.rate == 0.5
    parameter.data.fill_(7.0)
    assert not any(offer(float("nan")) for _ in range(4))
    assert torch.equal(parameter.data, torch.ones(2))
    assert guard.counts() == {"spikes": 1.0, "diverged": 4.0, "restored": 1.0, "undone": 0.0}
    parameter.grad = torch.full((2,), float("inf"))
    assert not guard.accepts(torch.tensor(1.0))


def test_finishing_undoes_what_does_not_help():
    weight = nn.Parameter(torch.tensor([2.0], dtype=torch.float64))
    block = Block(torch.arange(1), lambda codes: lambda x: weight * x, [weight])

    def worse(field, codes):
        worse.calls += 1
        return (weight**2).sum() + worse.calls

    worse.calls = 0
    finisher = Finisher(block, torch.zeros(1, 0, dtype=torch.float64), worse)
    finisher.take(3)
    assert finisher.diverged == 1
    assert float(weight.detach()) == 2.0
    good = Finisher(
        block, torch.zeros(1, 0, dtype=torch.float64), lambda field, codes: (field(weight) - 1).square().sum()
    )
    assert good.take(20) < 1e-12


def test_finishing_survives_a_line_search_into_a_blow_up():
    weight = nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    block = Block(torch.arange(1), lambda codes: lambda x: x, [weight])

    def cliff(field, codes):
        return torch.where(weight < 0.5, torch.inf, (weight - 0.6).square()).sum()

    assert Finisher(block, torch.zeros(1, 0, dtype=torch.float64), cliff).take(25) < 10
    assert bool(torch.isfinite(weight).all())


def test_windows_hold_neighbouring_samples_and_their_times():
    systems = environments_of(families())
    windows = systems.windows(2)
    assert windows.states.shape == (6, 4 * 7, 3, 2)
    assert torch.equal(windows.states[3, 8], systems.states[3, 1, 1:4])
    assert torch.equal(windows.times[3, 8], systems.times[3, 1:4])
    some = systems.random_windows(2, 5, torch.Generator().manual_seed(0))
    assert some.states.shape == (6, 5, 3, 2)
    for window, times in zip(some.states[2], some.times[2], strict=True):
        match = (windows.states[2] == window).all(-1).all(-1) & (windows.times[2] == times).all(-1)
        assert int(match.sum()) == 1
    assert systems.windows(99).states.shape[2] == systems.states.shape[2]


def test_a_forecast_that_leaves_stays_where_it_was():
    states = torch.tensor([[[1.0], [2.0], [float("nan")], [4.0]], [[1.0], [1e9], [2.0], [3.0]]])
    assert held(states, torch.tensor(1e3))[..., 0].tolist() == [[1, 2, 2, 2], [1, 1, 1, 1]]


def test_one_cycle_rises_and_falls():
    rates = [one_cycle(share / 100) for share in range(101)]
    assert max(rates) == pytest.approx(1.0)
    assert rates[0] == 0
    assert rates[-1] == pytest.approx(0.01)
