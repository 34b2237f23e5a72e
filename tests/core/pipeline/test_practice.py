"""A policy practises on episodes of a split of their own; ``test_device`` has the run that practises."""

from __future__ import annotations

from simplatform.pipeline.practice import Rehearsed, practises
from simplatform.pipeline.start import untrained
from simplatform.recipes import resolve


def test_attempts_begin_alike_and_metrics_are_turned():
    recipe = resolve("toy-mean", "toy/point")
    practice = Rehearsed(untrained(recipe), recipe.task, seed=0)
    assert (practice.variants, practice.metric) == (1, "success")
    first, again, other = practice(0), practice(0, attempt=1), practice(1)
    assert first == again  # this policy draws nothing
    assert first != other
    assert first["distance"] < 0
    assert practises("two-level")
    assert not practises("mp1")
