"""A run in one sentence: what was reached, and what expert and opponents reach beside it."""

from __future__ import annotations

import math

from simplatform.contracts import Metric
from simplatform.plugin_host.host import get_host
from simplatform.report.sentence import in_words, sentence
from simplatform.report.statistics import Estimate, wilson


def summary(metric, own, **opponents):
    def splits(value):
        return {"test": {"metrics": {metric.name: value.to_json()}}}

    found = {name.replace("_", "-"): {"splits": splits(value)} for name, value in opponents.items()}
    return {"plugin": "mine", "splits": splits(own), "opponents": found}


def test_a_rate_is_told_as_what_is_done_with_the_expert_first_and_opponents_by_rank():
    metric = Metric("success", "rate", over="any", words="closes the window")
    made = summary(metric, wilson(18, 20), zero=wilson(0, 20), replay_nearest=wilson(7, 20), expert=wilson(20, 20))
    assert sentence(made, metric) == (
        "mine closes the window in 18 of 20 unseen episodes; the expert in 20, playing back the most alike "
        "demonstration in 7, doing nothing in 0."
    )


def test_a_mean_is_told_with_its_unit_and_the_smallest_first_where_less_is_better():
    metric = Metric("error", better="lower", unit="m", words="distance to the goal")
    made = summary(metric, Estimate(0.25, 0.2, 0.3, 8), far=Estimate(2.0, 1.0, 3.0, 8), near=Estimate(0.5, 0.4, 0.6, 8))
    assert (
        sentence(made, metric) == "mine: distance to the goal 0.25 m, the mean of 8 unseen episodes; near 0.5, far 2."
    )


def test_what_was_not_measured_is_no_number():
    metric = Metric("error")
    nothing = Estimate(math.nan, math.nan, math.nan, 0)
    assert sentence(summary(metric, nothing, near=nothing), metric) == "mine: error was not measured."
    failed = {**summary(metric, Estimate(1.0, 1.0, 1.0, 1)), "opponents": {"near": {"failure": "no data"}}}
    assert sentence(failed, metric) == "mine: error 1, the mean of 1 unseen episode."


def test_every_opponent_of_a_built_in_task_has_a_name_that_says_something():
    tasks = [entry for entry in get_host().registry("task") if entry.distribution == "simplatform"]
    names = {name for entry in tasks for name in entry.data.opponents}
    told = {name: in_words(name) for name in names}
    assert len(names) > 8
    assert all(text != name for name, text in told.items()), told


def test_every_built_in_task_says_its_first_metric_in_words():
    tasks = [entry.data for entry in get_host().registry("task") if entry.distribution == "simplatform"]
    assert [task.name for task in tasks if not task.metric.words] == []


def test_what_a_method_says_against_its_own_answers_comes_first():
    metric = Metric("error", better="lower")
    made = summary(metric, Estimate(0.5, 0.4, 0.6, 1))
    made["splits"]["test"]["doubts"] = ["1 of 1 episodes: NOT CONVERGED"]
    assert sentence(made, metric).startswith("Not to be relied on (1 of 1 episodes: NOT CONVERGED). mine: error 0.5")
