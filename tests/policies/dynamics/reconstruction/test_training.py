"""Training survives fields that blow up, says so, and windows are cut where they should be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.reconstruction.contextual import ContextualConfig, GEPSPolicy
from simplatform.policies.dynamics.reconstruction.data import environments_of
from simplatform.policies.dynamics.reconstruction.finishing import Block, Finisher
from simplatform.policies.dynamics.reconstruction.guard import Guard
from simplatform.policies.dynamics.reconstruction.matching import slopes_of
from simplatform.policies.dynamics.reconstruction.mixer import MixER, MixERConfig
from simplatform.policies.dynamics.reconstruction.reconstructor import by_resolution, episode_batches, held
from simplatform.policies.dynamics.reconstruction.training import one_cycle
from tests.policies.dynamics.reconstruction.systems import SAMPLES, decay, episode, families, oscillator, signature


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


def test_a_field_that_its_steps_do_not_resolve_gets_more_of_them_and_a_smooth_one_does_not():
    def error(resolve):
        fast = [episode(decay, rate, n, n) for n, rate in enumerate((16.0, 18.0, 20.0))]  # Δt times rate is 4 to 5
        slow = [episode(oscillator, rate, n, n, family=1) for n, rate in enumerate((1.5, 1.75, 2.0), 3)]
        torch.manual_seed(0)
        config = MixERConfig(width=8, depth=3, steps=60, finish=150, refine=0, experts=2, resolve=resolve)
        model, log = MixER(config, signature()), []
        held_out = Demonstrations([episode(oscillator, 1.6, -1, 50)])
        model.fit(Demonstrations(fast + slow), validation=held_out, progress=lambda s, t, **m: log.append(m))
        assert log[-1]["validation_diverged"] == 0
        systems, rows = environments_of(Demonstrations(fast)), torch.arange(3)
        field, steps = model.bind(model.routes[rows], model.contexts[rows]), model.steps_of(model.routes[rows])
        gaps = [model.residuals(field, systems.windows(1), systems.spread(), n) for n in (steps, 8 * steps)]
        return model, [float(gap.detach().square().mean()) for gap in gaps]

    model, (own, fine) = error(1e-5)
    assert int(model.resolution[model.routes[0]]) in (4, 8)
    assert int(model.resolution[model.routes[-1]]) == 2
    assert model.nfe == 4 * 2 * (SAMPLES - 1)
    assert fine == pytest.approx(own, rel=0.2)  # what is learned is a vector field,
    coarse, (own, fine) = error(0.0)
    assert coarse.resolution.tolist() == [2, 2]
    assert fine > 5 * own  # and not what this solver makes a map of


def test_rows_with_different_numbers_of_steps_keep_their_order():
    seen = []

    def compute(rows, steps):
        seen.append(steps)
        return torch.stack([rows.double(), torch.full((len(rows),), float(steps)).double()], 1)

    found = by_resolution([8, 2, 4, 8, 2], compute)
    assert seen == [2, 4, 8]
    assert found.tolist() == [[0, 8], [1, 2], [2, 4], [3, 8], [4, 2]]


def test_refused_steps_at_the_end_leave_good_parameters():
    parameter = nn.Parameter(torch.ones(2))
    guard = Guard([parameter])
    parameter.grad = torch.ones(2)
    assert guard.accepts(torch.tensor(1.0))
    parameter.data.fill_(7.0)
    assert not guard.accepts(torch.tensor(float("nan")))
    guard.settle()
    assert torch.equal(parameter.data, torch.ones(2))
    assert guard.restored == 1


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


def test_jitter_moves_where_windows_start_and_nothing_else():
    windows = environments_of(families()).windows(2)
    size = torch.linspace(0.1, 0.4, len(windows.states), dtype=torch.float64)
    moved = windows.jittered(size, torch.Generator().manual_seed(0))
    assert torch.equal(moved.states[:, :, 1:], windows.states[:, :, 1:])
    assert torch.equal(moved.times, windows.times)
    noise = (moved.states - windows.states)[:, :, 0]
    torch.testing.assert_close(noise.std((1, 2)), size, rtol=0.2, atol=0.0)


def test_a_field_trained_with_jitter_brings_strangers_back():
    """All trajectories lie on one circle: only jitter shows the field what lies beside it, and that it leads back."""

    def circle(rate, start, times):
        return oscillator(rate, start / np.linalg.norm(start), times)

    data = Demonstrations([episode(circle, 1.0, number, number) for number in range(3)])
    strangers = [replace_start(one, 1.3) for one in data]
    radius = {}
    for jitter in (0.0, 0.2):
        torch.manual_seed(0)
        config = ContextualConfig(width=16, depth=3, steps=200, finish=50, refine=0, jitter=jitter)
        model = GEPSPolicy(config, signature())
        model.fit(data, validation=Demonstrations([]), progress=lambda s, t, **m: None)
        observation, _ = episode_batches(Demonstrations(strangers))[0]
        model.reset(observation)
        radius[jitter] = model.act(observation, generator=torch.Generator())[:, 0, -1].norm(dim=-1).mean().item()
    assert abs(radius[0.2] - 1) < 0.05 < abs(radius[0.0] - 1)


def replace_start(one, factor):
    """Return the episode with its initial state scaled."""
    initial = factor * one.observations["initial"]
    return dataclasses.replace(one, observations={**one.observations, "initial": initial})


def test_a_forecast_that_leaves_stays_at_the_border_where_no_score_takes_it_for_one():
    states = torch.tensor([[[1.0], [2.0], [float("nan")], [4.0]], [[1.0], [1e9], [2.0], [3.0]]])
    assert held(states, torch.tensor(1e3))[..., 0].tolist() == [[1, 2, 1e3, 1e3], [1, 1e3, 1e3, 1e3]]


def test_one_cycle_rises_and_falls():
    rates = [one_cycle(share / 100) for share in range(101)]
    assert max(rates) == pytest.approx(1.0)
    assert rates[0] == 0
    assert rates[-1] == pytest.approx(0.01)


def test_slopes_are_those_of_the_systems_and_noise_is_in_units_of_their_spread():
    systems = environments_of(families())
    slopes = slopes_of(systems, 100, 0.0, torch.Generator())
    rates = torch.tensor([0.5, 0.75, 1.0], dtype=torch.float64)[:, None, None]
    assert slopes.states.shape == (6, 4 * 7, 2)
    torch.testing.assert_close(slopes.slopes[3:], -rates * slopes.states[3:], rtol=0.01, atol=0.01)
    assert float(slopes.rows(torch.arange(3, 6)).error(lambda x: -rates * x)) < 1e-4
    noisy = slopes_of(systems, 100, 0.1, torch.Generator().manual_seed(0))
    off = (noisy.states - slopes.states).std((1, 2)) / systems.spread()
    torch.testing.assert_close(off, torch.full((6,), 0.1).double(), rtol=0.3, atol=0)
    assert slopes_of(systems, 5, 0.0, torch.Generator()).states.shape == (6, 5, 2)


def test_matching_is_a_start_that_roll_outs_agree_with():
    _, log = fit(GEPSPolicy, match=100, steps=0, finish=25, refine=0)
    losses = [m["loss"] for m in log if "loss" in m]
    assert losses[3] < losses[0] < 0.5  # of derivatives
    assert losses[-1] < 1e-3  # of roll-outs
    assert log[-1]["diverged"] == 0
