"""The first line of a run: is its method better than doing what needs no training? From summary.json alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simplatform.contracts import EXPERT, Metric
from simplatform.report.statistics import Estimate


def no_better_than(summary: Mapping[str, Any]) -> list[str]:
    """Return the opponents that a run's method is not shown to beat on its test episodes, the strongest first.

    A method beats an opponent where the 95 % interval of its paired gain lies above zero. The expert is not one.
    """
    found = {name: gain for name, gain in _gains(summary).items() if not gain.low > 0}
    return sorted(found, key=lambda name: (found[name].value, name))


def verdict(summary: Mapping[str, Any], metric: Metric) -> str:
    """Return one line: which opponents the method is no better than, or by how much it beats the strongest.

    Empty where no opponent was measured.
    """
    gains = _gains(summary)
    if not gains:
        return ""
    worse = no_better_than(summary)
    who, where = summary["plugin"], summary["task"]
    if worse:
        rest = f" (nor than {', '.join(worse[1:])})" if worse[1:] else ""
        return f"{who} is no better than {worse[0]}{rest} on {where}: {_against(summary, metric, worse[0])}"
    nearest = min(gains, key=lambda name: (gains[name].value, name))
    return f"{who} is better than {nearest}, its strongest opponent on {where}: {_against(summary, metric, nearest)}"


def missing(summary: Mapping[str, Any]) -> list[str]:
    """Return a line for each opponent that could not be measured."""
    return [
        f"opponent {name} was not measured: {one['failure']}"
        for name, one in summary.get("opponents", {}).items()
        if "failure" in one
    ]


def _gains(summary: Mapping[str, Any]) -> dict[str, Estimate]:
    return {
        name: Estimate(**one["gain"]["test"])
        for name, one in summary.get("opponents", {}).items()
        if name != EXPERT and "test" in one.get("gain", {})
    }


def _against(summary: Mapping[str, Any], metric: Metric, opponent: str) -> str:
    own = _shown(summary["splits"]["test"]["metrics"][metric.name])
    other = _shown(summary["opponents"][opponent]["splits"]["test"]["metrics"][metric.name])
    gain = Estimate(**summary["opponents"][opponent]["gain"]["test"])
    return f"{metric.name} {own} against {other}, paired gain {gain}"


def _shown(value: Mapping[str, Any]) -> str:
    return f"{value['k']}/{value['n']}" if value["kind"] == "rate" else f"{value['value']:.4g}"
