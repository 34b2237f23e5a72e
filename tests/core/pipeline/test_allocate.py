"""Demonstrations shared out among variants: as many of each, or more of the hard ones."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simplatform as sp
from simplatform.errors import ConfigError, DataError
from simplatform.pipeline.allocate import PILOT, RULES, Allocation, wanted
from simplatform.pipeline.collect import collect
from simplatform.recipes import find_task

RATES = (0.9, 0.7, 0.4, 0.15, 0.05, 0.02)
"""Rates of success of six problems; 2400 trials, 400 of each, give 360 down to 8 successes."""


def play(allocation, rates, seed):
    rng = np.random.default_rng(seed)
    while batch := allocation.batch():
        for variant in batch:
            allocation.tell(variant, bool(rng.random() < rates[variant]))
    return allocation


def test_2400_trials_give_29_of_each_or_as_many_as_they_are_hard():
    """The successes that so many trials give by either rule are those that the arithmetic of its trials says, ± 3 σ."""
    for rule, most in (("uniform", 29), ("prop2diff", 31)):
        numbers = wanted(rule, RATES, 174 if rule == "uniform" else 121)
        assert (min(numbers), max(numbers)) == ((29, 29) if rule == "uniform" else (4, most))
        expected = sum(n / p for n, p in zip(numbers, RATES, strict=True))
        spread = math.sqrt(sum(n * (1 - p) / p**2 for n, p in zip(numbers, RATES, strict=True)))
        assert abs(expected - 2400) < 3 * spread
    done = play(Allocation("uniform", 6, 174, attempts=1000), RATES, 0)
    assert done.kept == [29] * 6
    assert abs(sum(done.tried) - sum(29 / p for p in RATES)) < 3 * math.sqrt(sum(29 * (1 - p) / p**2 for p in RATES))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(RULES), st.lists(st.floats(0.2, 1), min_size=2, max_size=6), st.integers(1, 60), st.integers(0))
def test_each_variant_gives_its_share_and_the_answer_follows_from_the_outcomes(rule, rates, count, seed):
    done, again = (play(Allocation(rule, len(rates), count, attempts=100), rates, seed) for _ in range(2))
    assert (done.kept, done.tried, done.goal) == (again.kept, again.tried, again.goal)
    assert sum(done.goal) >= count
    assert not done.short
    if rule == "uniform":
        assert done.kept == done.goal
    else:
        assert all(tried >= PILOT for tried in done.tried)


def test_harder_ones_have_more_of_the_shares():
    done = play(Allocation("prop2diff", 3, 60, attempts=200), (1.0, 0.6, 0.2), 1)
    assert done.goal[0] < done.goal[1] < done.goal[2]


def test_what_is_never_reached_is_tried_for_a_while_and_named():
    done = play(Allocation("uniform", 2, 8, attempts=5), (1.0, 0.0), 0)
    assert done.kept == [4, 0]
    assert done.tried == [4, 5 * PILOT]
    assert done.short == [1]
    done.require_some("some task")
    nothing = play(Allocation("prop2diff", 2, 8, attempts=5), (0.0, 0.0), 0)
    with pytest.raises(DataError, match=r"succeeded in none of .* episodes of 2 variants"):
        nothing.require_some("some task")


@pytest.mark.parametrize(
    ("rule", "variants", "message"), [("evenly", 3, "uniform, prop2diff"), ("uniform", 1, "has one")]
)
def test_refuses_what_it_cannot_share(rule, variants, message):
    with pytest.raises(ConfigError, match=message):
        Allocation(rule, variants, 4, 5)


def hard_and_easy():
    variants = ({"spread": 0.3}, {"spread": 1.0, "steps": 2})
    return replace(find_task("toy/point"), variants=variants)


def test_collect_shares_out_and_tells_what_it_did(tmp_path):
    task, said = hard_and_easy(), []
    even = collect(task, count=6, seed=0, root=tmp_path, attempts=20).demonstrations
    found = collect(task, count=6, seed=0, root=tmp_path, attempts=20, allocate="uniform", say=said.append)
    again = collect(task, count=6, seed=0, root=tmp_path, attempts=20, allocate="uniform")
    assert [e.variant for e in found.demonstrations] == [0, 1, 0, 1, 0, 1]
    assert [e.variant for e in even].count(1) < 3
    assert again.cached
    assert not said
    shared = found.demonstrations.source["allocation"]
    assert shared["kept"][1] == 3 < shared["tried"][1]
    more = collect(task, count=6, seed=0, root=tmp_path, attempts=20, allocate="prop2diff").demonstrations
    assert [e.variant for e in more].count(1) > [e.variant for e in more].count(0)


def test_a_setting_that_is_not_used_changes_no_run():
    plain, told = (sp.recipes.resolve("toy", settings=given) for given in ({}, {"task.allocate": ""}))
    assert plain.digest == told.digest
    assert "allocate" not in plain.to_json()["settings"]["task"]
    assert sp.recipes.resolve("toy", settings={"task.allocate": "uniform"}).digest != plain.digest
