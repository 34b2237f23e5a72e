"""From episodes, one after the other, to rows, estimates and what is to be said beside them."""

from __future__ import annotations

from dataclasses import replace

import simplatform as sp
from simplatform.pipeline.tally import Tally
from tests.core.pipeline.evaluate_cases import SUCCESS, reach
from tests.core.pipeline.reach import Oracle


def test_duplication_changes_no_n():
    task = sp.Task("reach", "own/Reach-v0", "", SUCCESS)
    once, twice = Tally(task, "test"), Tally(task, "test")
    from simplatform.pipeline.shards import play

    for number in range(5):
        result = play(Oracle(), reach(), task, "test", 0, number)
        once.add(result)
        twice.add(result)
        twice.add(result)
    assert once.evaluation().estimates == twice.evaluation().estimates


def test_permuted_episodes_give_the_same_estimates():
    task = replace(sp.Task("reach", "own/Reach-v0", "", SUCCESS), variants=({},))
    from simplatform.pipeline.shards import play

    results = [play(Oracle(), reach(limit=0.05), task, "test", 0, number) for number in range(6)]
    tallies = [Tally(task, "test"), Tally(task, "test")]
    for forwards, backwards in zip(results, reversed(results), strict=True):
        tallies[0].add(forwards)
        tallies[1].add(backwards)
    assert tallies[0].evaluation().estimates == tallies[1].evaluation().estimates


def test_what_a_policy_says_against_its_own_answers_is_said_first():
    from simplatform.pipeline.shards import play

    class Doubting(Oracle):
        seconds_before, doubts = 3.0, ("NOT CONVERGED: a", "b")

    metrics = (*SUCCESS, sp.Metric("seconds", better="lower", unit="s", key="policy.seconds"))
    task = sp.Task("reach", "own/Reach-v0", "", metrics)
    tally = Tally(task, "test")
    tally.add(play(Doubting(), reach(), task, "test", 0, 0))
    found = tally.evaluation(["n"])
    assert found.notes[:3] == ["1 of 1 episodes: NOT CONVERGED: a", "1 of 1 episodes: b", "n"]
    assert found.doubts == found.to_json()["doubts"] == found.notes[:2]
    assert 3.0 < found["seconds"].value < 4.0
