"""Trajectories by environment, each with times of its own, and the windows that training cuts from them."""

from __future__ import annotations

import pytest
import torch

from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.reconstruction.data import environments_of
from simplatform.policies.dynamics.reconstruction.matching import slopes_of
from simplatform.policies.dynamics.reconstruction.mixer import MixER, MixERConfig
from tests.policies.dynamics.reconstruction.systems import SAMPLES, decay, episode, families, oscillator, signature


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
