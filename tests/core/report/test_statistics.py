"""Paired intervals: published numbers, and what must hold for all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplatform.contracts import Metric
from simplatform.report.statistics import paired_gain, paired_rate_difference

OUTCOMES = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def table(both, only_a, only_b, neither):
    pairs = [(1, 1)] * both + [(1, 0)] * only_a + [(0, 1)] * only_b + [(0, 0)] * neither
    return [bool(a) for a, _ in pairs], [bool(b) for _, b in pairs]


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [
        ((36, 12, 2, 0), 0.0569, 0.3404),  # Newcombe (1998), table III, method 10
        ((54, 0, 0, 0), -0.0664, 0.0664),  # of two constants: from Wilson's bounds alone
    ],
)  # fmt: skip
def test_difference_of_paired_rates_is_newcombes(cells, low, high):
    found = paired_rate_difference(*table(*cells))
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@given(OUTCOMES)
def test_difference_of_paired_rates_is_antisymmetric_and_within_bounds(pairs):
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    there, back = paired_rate_difference(a, b), paired_rate_difference(b, a)
    assert there.value == pytest.approx(-back.value)
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
    assert -1 - 1e-9 <= there.low <= there.value + 1e-9
    assert there.value <= there.high + 1e-9 <= 1 + 1e-8


def test_interval_covers_the_difference_as_often_as_it_says():
    draw, inside = np.random.default_rng(0), 0
    for _ in range(400):
        skill = draw.random(20)  # easy and hard episodes: the two outcomes go together
        a, b = draw.random(20) < skill, draw.random(20) < 0.6 * skill
        found = paired_rate_difference(a.tolist(), b.tolist())
        inside += found.low <= 0.2 <= found.high
    assert inside >= 0.93 * 400


def test_gain_is_positive_where_the_method_is_better_whatever_the_direction():
    own, other = [1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.5, 5.0]
    lower = paired_gain(Metric("error", better="lower"), own, other)
    higher = paired_gain(Metric("score", better="higher"), own, other)
    assert lower.value == pytest.approx(1.125)
    assert lower.low > 0
    assert higher.value == pytest.approx(-1.125)


@given(st.sampled_from([1e-9, 1e-3, 1e3, 1e9]))
def test_gain_scales_with_the_unit(unit):
    own, other = np.array([1.0, 2.5, 3.0]), np.array([2.0, 3.0, 3.5])
    plain = paired_gain(Metric("error"), own, other)
    scaled = paired_gain(Metric("error"), unit * own, unit * other)
    assert scaled.low == pytest.approx(unit * plain.low, rel=1e-9)


def test_gain_leaves_out_pairs_that_were_not_measured():
    found = paired_gain(Metric("error"), [1.0, math.nan, 3.0], [0.0, 1.0, math.inf])
    assert (found.value, found.n) == (1.0, 1)
