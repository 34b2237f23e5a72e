"""First guesses of hidden components: what was measured stays, what is hidden closes the field."""

from __future__ import annotations

import math

import torch

from simplatform.policies.dynamics.prediction.embedding import PENALTY, guesses
from simplatform.policies.dynamics.prediction.quadratic import terms

DT = 0.02


def oscillator(steps=1500):
    """Return cos t, standardised: the speed of a harmonic oscillator is hidden."""
    time = DT * torch.arange(steps, dtype=torch.float64)
    return (math.sqrt(2) * torch.cos(time))[:, None]


def test_nothing_hidden_is_one_guess_of_smoothed_measurements():
    path = oscillator()
    (only,) = guesses([path], 0, 5, DT)
    assert torch.allclose(only.states[0], path[2:-2], atol=1e-2)


def test_the_hidden_speed_of_an_oscillator_closes_its_field():
    path = oscillator()
    found = guesses([path], 1, 31, DT)
    assert [guess.closure for guess in found] == sorted((guess.closure for guess in found), reverse=True)
    best = found[0]
    assert best.closure > 0.999
    alone = guesses([path], 0, 31, DT)[0].closure
    assert alone < 0.5, "cos alone does not say how it moves"
    time = DT * (torch.arange(len(path), dtype=torch.float64)[15:-15])
    known = torch.stack([torch.cos(time), torch.sin(time), torch.ones_like(time)], 1)
    hidden = best.states[0][:, 1:]
    left = hidden - known @ torch.linalg.lstsq(known, hidden).solution
    assert left.std() < 0.05 * hidden.std()


def test_hidden_components_are_uncorrelated_with_the_measured_and_have_unit_spread():
    for guess in guesses([oscillator()], 1, 31, DT):
        measured, hidden = guess.states[0].T
        assert abs(float(hidden.std()) - 1) < 1e-9
        assert abs(float(torch.corrcoef(torch.stack([measured, hidden]))[0, 1])) < 1e-6


def test_weights_are_the_ridge_solution_of_central_differences():
    guess = guesses([oscillator()], 1, 31, DT)[0]
    states = guess.states[0]
    slopes, phi = (states[2:] - states[:-2]) / (2 * DT), terms(states[1:-1])
    residual = phi.T @ (slopes - phi @ guess.weights.T) / len(phi) - PENALTY * guess.weights.T
    assert float(residual.abs().max()) < 1e-8


def test_trajectories_stay_apart():
    first, second = oscillator(600), oscillator(900)[200:]
    guess = guesses([first, second], 1, 21, DT)[0]
    assert [len(states) for states in guess.states] == [len(first) - 20, len(second) - 20]
