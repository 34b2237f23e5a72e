"""Tables of the generative policies, from ``benchmarks/policies``."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import Any

EVALUATIONS = ("1", "2", "4", "10")


def plane(table: dict[str, Any]) -> str:
    """Return the median over seeds of W2 by evaluations and, at one, the share of samples on the left."""
    parts = []
    for name, rows in table["rows"].items():
        grouped = defaultdict(list)
        for row in rows:
            grouped[row["plugin"]].append(row)
        head = " | ".join(f"W2 at {n}" for n in EVALUATIONS)
        parts.append(f"`{name}` (two sets of fresh data: {table['floor'][name]}):\n")
        parts.append(f"| method | {head} | share on the left at 1 | seeds |\n|---|---|---|---|---|---|---|")
        for plugin, own in grouped.items():
            cells = " | ".join(_cell([row["w2"].get(n) for row in own]) for n in EVALUATIONS)
            parts.append(f"| {plugin} | {cells} | {_cell([row['left']['1'] for row in own])} | {len(own)} |")
        parts.append("")
    return "\n".join(parts)


def comparison(table: dict[str, Any]) -> str:
    """Return success by task and plugin."""
    plugins = list(dict.fromkeys(row["plugin"] for row in table["rows"]))
    lines = [f"| task | group | {' | '.join(plugins)} |", "|---|---|" + "---|" * len(plugins)]
    for task, group in table["groups"].items():
        own = {row["plugin"]: row for row in table["rows"] if row["task"] == task}
        if own:
            cells = " | ".join(_success(own.get(plugin)) for plugin in plugins)
            lines.append(f"| {task.removeprefix('metaworld/')} | {group} | {cells} |")
    done = f"{table['runs_done']} of {table['runs_wanted']} runs are done"
    steps = table["settings"]["train.steps"]
    return "\n".join([*lines, "", f"{done}; {steps} optimiser steps each, Wilson intervals of 95 %."])


def pooled(table: dict[str, Any]) -> str:
    """Return success over all cases that every plugin has, the paired test, and costs."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in table["rows"]:
        rows[row["plugin"]].append(row)
    lines = [
        "| method | success on the same episodes | p against mp1 | evaluations | parameters | median ms per action |",
        "|---|---|---|---|---|---|",
    ]
    for row in table["plugins"]:
        own = rows[row["plugin"]]
        late = median(value for one in own for value in one["latency_median_ms"])
        against = f"{row['p_against_mp1']:.2g}" if "p_against_mp1" in row else "–"
        lines.append(
            f"| {row['plugin']} | {_success({'success': row['success']})} | {against} | {own[0]['nfe'] or 1} | "
            f"{own[0]['parameters']:,} | {late:.1f} |"
        )
    return "\n".join(lines)


def _success(row: dict[str, Any] | None) -> str:
    if row is None:
        return "–"
    found = row["success"]
    return f"{found['k']}/{found['n']} [{found['low']:.2f}, {found['high']:.2f}]"


def _cell(values: list[float | None]) -> str:
    numbers = [value for value in values if value is not None]
    return f"{median(numbers):.3f}" if numbers else "–"


TABLES = {
    "plane": (plane, "policies/plane"),
    "comparison": (comparison, "policies/comparison"),
    "comparison_pooled": (pooled, "policies/comparison"),
}
