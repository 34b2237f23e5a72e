"""Demonstrations: windows, the store, seeds and statistics."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform import seeding
from simplatform.errors import DataError
from simplatform.pipeline.collect import collect
from simplatform.recipes import find_task
from simplatform.report.statistics import bootstrap, estimate, paired_means, paired_rates, paired_runs, wilson


def test_expert_that_never_succeeds_is_reported(tmp_path):
    from dataclasses import replace

    task = replace(find_task("toy/point"), kwargs={"steps": 1, "spread": 5.0})
    with pytest.raises(DataError, match=r"reached 'success' in 0 of 4 episodes; 2 are wanted"):
        collect(task, count=2, seed=0, attempts=2, root=tmp_path)


def test_seeds_are_independent_of_order_and_purpose():
    seeds = {seeding.derive(s, p, i) for s in range(3) for p in ("train", "test") for i in range(50)}
    assert len(seeds) == 300
    assert seeding.episode_seed(1, "test", 3) == seeding.episode_seed(1, "test", 3) < 2**31


def test_wilson_against_published_values():
    # Newcombe (1998), table I: 81/263, 15/148, 0/20, 1/29
    for (k, n), (low, high) in {
        (81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0.0, 0.1611), (1, 29): (0.0061, 0.1718),
    }.items():  # fmt: skip
        found = wilson(k, n)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    with pytest.raises(ValueError, match="0 <= successes <= n"):
        wilson(3, 2)
    assert wilson(0, 0).n == 0


@given(st.integers(1, 300), st.data())
def test_wilson_holds_the_rate(n, data):
    found = wilson(data.draw(st.integers(0, n)), n)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_paired_tests():
    # ten discordant pairs, all one way: 2 / 2^10; none: 1
    assert paired_rates([True] * 10 + [False] * 5, [False] * 15) == pytest.approx(2 / 1024)
    assert paired_rates([True, False], [True, False]) == 1.0
    with pytest.raises(ValueError, match="same episodes"):
        paired_rates([True], [])
    difference = paired_means([1.0, 2.0, 3.0], [0.0, 1.0, 2.0])
    assert (difference.value, difference.low, difference.high) == (1.0, 1.0, 1.0)


def test_paired_runs_count_once_each():
    # all three one way: 2 / 2^3; equal pairs say nothing; no difference: 1
    assert paired_runs([0.9, 0.8, 0.7], [0.5, 0.6, 0.1]) == 0.25
    assert paired_runs([0.9, 0.8, 0.7, 0.3], [0.5, 0.6, 0.1, 0.3]) == 0.25
    assert paired_runs([1.0, 2.0], [2.0, 1.0]) == paired_runs([], []) == 1.0
    assert paired_runs([0.9, np.nan, 0.8, 0.7, np.inf], [0.5, 0.5, 0.6, 0.1, 0.0]) == 0.25
    with pytest.raises(ValueError, match="same runs"):
        paired_runs([1.0], [])


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=9))
def test_paired_runs_are_exact(gaps):
    zeros = [0] * len(gaps)
    exact = paired_runs(gaps, zeros)
    flips = [abs(np.dot(signs, gaps)) for signs in product((1, -1), repeat=len(gaps))]
    assert exact == pytest.approx(np.mean([flip >= abs(sum(gaps)) for flip in flips]))


def test_paired_runs_by_random_flips():
    gaps = np.random.default_rng(0).normal(0.3, 1.0, 17)
    assert paired_runs(gaps, 0 * gaps, draws=1 << 16) == pytest.approx(paired_runs(gaps, 0 * gaps), abs=5e-3)


@settings(max_examples=20)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30))
def test_bootstrap_interval_lies_in_the_data(values):
    found = bootstrap(values, draws=200)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found.n == len(values)


def test_non_finite_values_lower_n():
    assert estimate([1.0, float("nan"), 3.0], "mean").n == 2
    assert estimate([1.0, 0.0], "rate").k == 1
    assert np.isnan(estimate([], "mean").value)
    assert "1/2 = 0.50" in str(estimate([1.0, 0.0], "rate"))
