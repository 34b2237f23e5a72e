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
    """Return success over all cases that every plugin has, with the paired tests."""
    lines = ["| method | success | against mp1 | against dp3 |", "|---|---|---|---|"]
    for row in table["plugins"]:
        against = " | ".join(_tests(row, name) for name in ("mp1", "dp3"))
        lines.append(f"| {row['plugin']} | {_success({'success': row['success']})} | {against} |")
    cases = table["plugins"][0]["cases"]
    return "\n".join([*lines, "", f"p of paired tests: on the same episodes / on the {cases} runs."])


def evaluations(table: dict[str, Any]) -> str:
    """Return success with fewer evaluations, beside each method's own number and MP1's one."""
    columns = ("method", "evaluations", "success", "with its own", "p", "mp1", "p against mp1", "runs")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row in sorted(table["rows"], key=lambda row: row["nfe"]):
        few, own, mp1 = (_success({"success": row[key]}) for key in ("success", "own", "mp1"))
        cells = [row["method"], row["nfe"], few, own, _tests(row, "own"), mp1, _tests(row, "mp1"), row["cases"]]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, "", "p of paired tests: on the same episodes / on the runs."])


def costs(table: dict[str, Any]) -> str:
    """Return what an action and a training step of each method cost, by size."""
    columns = ("method", "size", "parameters", "evaluations", "action, ms", "its head, ms", "training step, ms")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for size in table["sizes"]:
        for row in size["rows"]:
            times = " | ".join(_times(row.get(part)) for part in ("action", "head", "training step"))
            lines.append(f"| {row['plugin']} | {size['size']} | {row['parameters']:,} | {row['nfe']} | {times} |")
    encoders = ", ".join(f"{_times(size['encoder'])} at `{size['size']}`" for size in table["sizes"])
    return "\n".join([*lines, "", f"Median / 95th percentile / least. The encoder, which all share: {encoders}."])


def ablation(table: dict[str, Any]) -> str:
    """Return success of variants of MP1, and of DP3 beside them, on validation episodes."""
    lines = ["| variant | success on validation episodes | p against mp1 | runs |", "|---|---|---|---|"]
    for row in table["rows"]:
        found = _success({"success": row["success"]})
        lines.append(f"| {row['variant']} | {found} | {_tests(row, 'mp1')} | {row['cases']} |")
    return "\n".join(lines)


def students(table: dict[str, Any]) -> str:
    """Return success of students and teachers with one evaluation, and how much of the one-step error is left."""
    successes = "success, one step | teacher's, one step | teacher's own"
    lines = [f"| student | teacher | steps | {successes} | error left, by seed |", "|---" * 7 + "|"]
    for row in table["rows"]:
        found = (_success({"success": row[key]}) for key in ("success", "teacher_success_one_step", "teacher_success"))
        left = ", ".join(f"{ratio:.2f}" for ratio in row["error_ratio"])
        lines.append(f"| {row['student']} | {row['teacher']} | {row['steps']} | {' | '.join(found)} | {left} |")
    return "\n".join(lines)


def _success(row: dict[str, Any] | None) -> str:
    if row is None:
        return "–"
    found = row["success"]
    return f"{found['k']}/{found['n']} [{found['low']:.2f}, {found['high']:.2f}]"


def _tests(row: dict[str, Any], other: str) -> str:
    keys = f"p_against_{other}", f"p_runs_against_{other}"
    return " / ".join(f"{row[key]:.2g}" for key in keys) if keys[0] in row else "–"


def _cell(values: list[float | None]) -> str:
    numbers = [value for value in values if value is not None]
    return f"{median(numbers):.3f}" if numbers else "–"


def _times(found: dict[str, float] | None) -> str:
    return "–" if found is None else f"{found['median_ms']:.1f} / {found['p95_ms']:.1f} / {found['min_ms']:.1f}"


TABLES = {
    "mp1_ablation": (ablation, "policies/ablation"),
    "costs": (costs, "policies/costs"),
    "students": (students, "policies/students"),
    "evaluations": (evaluations, "policies/evaluations"),
    "plane": (plane, "policies/plane"),
    "comparison": (comparison, "policies/comparison"),
    "comparison_pooled": (pooled, "policies/comparison"),
}
