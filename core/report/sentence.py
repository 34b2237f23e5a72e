"""A run in one sentence that needs no glossary: what was reached, and what expert and opponents reach beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simplatform.contracts import EXPERT, Metric
from simplatform.plugin_host.host import get_host
from simplatform.report.statistics import Estimate


def sentence(summary: Mapping[str, Any], metric: Metric) -> str:
    """Return what the method did in its test episodes, in the metric's own words, and who did what beside it.

    The expert comes first among the others, then the opponents, the best of them first. What the method says against
    its own answers comes before all.
    """
    doubts = summary["splits"]["test"].get("doubts", [])
    before = f"Not to be relied on ({'; '.join(doubts)}). " if doubts else ""
    own = Estimate(**summary["splits"]["test"]["metrics"][metric.name])
    others = [f"{in_words(name)} {_beside(found)}" for name, found in _ranked(summary, metric) if found.n]
    return f"{before}{_first(str(summary['plugin']), own, metric)}{'; ' if others else ''}{', '.join(others)}."


def in_words(opponent: str) -> str:
    """Return what an opponent is, as its plugin says it (``register(…, words="doing nothing")``), else its name."""
    policies = get_host().registry("policy")
    if opponent == EXPERT or opponent not in policies:
        return f"the {opponent}" if opponent == EXPERT else opponent
    return str(policies.get(opponent).extra.get("words") or opponent)


def _first(who: str, own: Estimate, metric: Metric) -> str:
    if not own.n:
        return f"{who}: {metric.words or metric.name} was not measured"
    if own.kind == "rate":
        return f"{who} {_predicate(metric)} {own.k} of {own.n} unseen {_episodes(own.n)}"
    unit = "" if metric.unit == "1" else f" {metric.unit}"
    where = f"{own.n} unseen {_episodes(own.n)}"
    return f"{who}: {metric.words or metric.name} {own.value:.4g}{unit}, the mean of {where}"


def _predicate(metric: Metric) -> str:
    return f"{metric.words} in" if metric.words else f"has {metric.name} in"


def _episodes(n: int) -> str:
    return "episode" if n == 1 else "episodes"


def _beside(found: Estimate) -> str:
    return f"in {found.k}" if found.kind == "rate" else f"{found.value:.4g}"


def _ranked(summary: Mapping[str, Any], metric: Metric) -> list[tuple[str, Estimate]]:
    found = {
        name: Estimate(**one["splits"]["test"]["metrics"][metric.name])
        for name, one in summary.get("opponents", {}).items()
        if "failure" not in one
    }
    sign = -1 if metric.better == "higher" else 1
    return sorted(found.items(), key=lambda item: (item[0] != EXPERT, sign * item[1].value))
