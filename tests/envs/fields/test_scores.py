"""Scores of fields: what is known of each by construction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.fields import scores

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.normal(size=(2, 16, 16)) + 3.0


@given(unit=st.sampled_from([1e-9, 1e-3, 1.0, 1e6, 1e9]), shift=st.floats(-2, 2))
@settings(max_examples=20, deadline=None)
def test_scores_do_not_depend_on_units(unit, shift):
    found = TRUTH + 0.1 * np.random.default_rng(1).normal(size=TRUTH.shape) + shift
    for score in (scores.correlation, scores.nrmse, scores.vrmse):
        assert score(unit * found, unit * TRUTH) == pytest.approx(score(found, TRUTH), rel=1e-9)
    ours, theirs = (scores.spectral_distance(scores.spectrum(unit * found), scores.spectrum(unit * TRUTH)),
                    scores.spectral_distance(scores.spectrum(found), scores.spectrum(TRUTH)))  # fmt: skip
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_the_mean_of_the_truth_has_a_vrmse_of_one_and_zero_an_nrmse_of_one():
    mean = np.broadcast_to(TRUTH.mean((1, 2), keepdims=True), TRUTH.shape)
    assert scores.vrmse(mean, TRUTH) == pytest.approx(1)
    assert scores.nrmse(0 * TRUTH, TRUTH) == pytest.approx(1)


def test_correlation_sees_shape_alone():
    assert scores.correlation(5 * TRUTH - 7, TRUTH) == pytest.approx(1)
    assert scores.correlation(-TRUTH, TRUTH) == pytest.approx(-1)


def test_constants_are_no_division_by_zero():
    flat = np.ones((1, 8))
    assert scores.correlation(flat, flat) == 1
    assert scores.correlation(flat + np.arange(8), flat) == 0
    assert scores.vrmse(flat, flat) == 0
    assert scores.vrmse(flat + 1, flat) == np.inf


@pytest.mark.parametrize("unit", [1e-9, 0.1, 1.0, 1e9])
def test_what_is_constant_is_so_in_any_unit(unit):
    flat, wave = np.full((1, 1000), 0.1), 0.1 + np.sin(np.arange(1000.0))[None]
    assert scores.correlation(unit * flat, unit * flat) == 1
    assert scores.correlation(unit * wave, unit * flat) == 0
    assert scores.correlation(unit * flat, unit * wave) == 0
    assert scores.vrmse(unit * (flat + 0.1), unit * flat) == np.inf


@given(order=st.permutations(range(6)))
def test_the_order_of_points_changes_no_error_and_that_of_channels_nothing(order):
    found, truth = (np.random.default_rng(seed).normal(size=(6, 6)) for seed in (1, 2))
    for score in (scores.correlation, scores.nrmse, scores.vrmse):
        assert score(found[:, order], truth[:, order]) == pytest.approx(score(found, truth), rel=1e-12)
        assert score(found[order], truth[order]) == pytest.approx(score(found, truth), rel=1e-12)


def test_a_wave_has_all_its_energy_in_its_shell():
    x = 2 * np.pi * np.arange(32) / 32
    field = np.cos(3 * x)[:, None] * np.cos(4 * x)  # |(3, 4)| = 5
    energy = scores.spectrum(field[None])[0]
    assert energy[5] == pytest.approx(np.mean(field**2))
    assert np.delete(energy, 5).max() < 1e-20


def test_a_field_of_a_tenth_of_the_amplitude_is_two_decades_away():
    found, truth = scores.spectrum(0.1 * TRUTH), scores.spectrum(TRUTH)
    assert scores.spectral_distance(found, truth) == pytest.approx(2)
    assert np.isnan(scores.spectral_distance(found[:, :1], truth[:, :1]))
