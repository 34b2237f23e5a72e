"""Tables and sentences from committed results, for pages that say ``{{name}}``: a page cannot drift from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dynamics_results
import mesh_results
import policy_results

ROOT = Path(__file__).parents[1]
NOT_YET = "(No result is committed yet; the command above writes it.)"


Table = dict[str, Any] | None


def results() -> dict[str, str]:
    """Return sentences from committed results, for pages that say ``{{name}}``."""
    return {
        "kill": _kill(_read("faults/kill")),
        "memory": _memory(_read("faults/memory")),
        "fuzz": _fuzz(_read("faults/fuzz")),
        "predictors": _predictors(_read("predictors/table")),
        "bars": _bars(_read("predictors/bars")),
        "executors": _executors(_read("scaling/executors")),
        "latency": _latency(_read("policies/latency")),
        "training_step": _training_step(_read("policies/training_step")),
        "window_close": _window_close(_read("policies/window_close")),
        **{name: _made(make, _read(f"mesh/{file}")) for name, (make, file) in mesh_results.TABLES.items()},
        **{name: _made(make, _read(file)) for name, (make, file) in policy_results.TABLES.items()},
        "samplers": _samplers(_read("samplers/error")),
        **dynamics_results.tables(_read),
    }


def _read(name: str) -> Table:
    path = ROOT / "benchmarks" / f"{name}.json"
    found: Table = json.loads(path.read_text(encoding="utf8")) if path.exists() else None
    return found


def _kill(table: Table) -> str:
    if table is None:
        return NOT_YET
    where = ", ".join(f"{count} in {stage}" for stage, count in table["stages"].items())
    good = table["kills"] - len(table["failures"])
    return f"Last result: {good} of {table['kills']} kills ended in the bits of the undisturbed run ({where})."


def _memory(table: Table) -> str:
    if table is None:
        return NOT_YET
    low, high = table["interval_95"]
    return (
        f"Last result: {table['episodes']} episodes in {table['minutes']:g} minutes, from {table['first_mib']} to "
        f"{table['last_mib']} MiB; slope {table['slope_mib_per_hour']} MiB per hour (95 % interval {low} … {high})."
    )


def _fuzz(table: Table) -> str:
    if table is None:
        return NOT_YET
    rows = [
        f"| {name} | {row['seeds']} | {row['inputs']} | {row['edges']} | {row['crashes']} |"
        for name, row in table["readers"].items()
    ]
    seconds = next(iter(table["readers"].values()))["seconds"]
    head = f"Last result, {seconds} s each:\n\n| reader | valid files | inputs | edges covered | crashes |\n"
    return "\n".join([head + "|---|---|---|---|---|", *rows])


def _predictors(table: Table) -> str:
    if table is None:
        return NOT_YET
    head = (
        "| system | method | parameters | operations | one-step error | valid time, median | mean, 95 % interval | n |"
    )
    rows = []
    for row in table["rows"].values():
        mean = row["vpt"]
        step = sum(row["one_step"]) / len(row["one_step"])
        rows.append(
            f"| {row['task']} | {row['name']} | {row['parameters']:,} | {row['flops']:,.0f} | {step:.1e} | "
            f"{row['vpt_median']:.2f} | {mean['value']:.2f} [{mean['low']:.2f}, {mean['high']:.2f}] | {row['n']} |"
        )
    return "\n".join([head, "|---|---|---|---|---|---|---|---|", *rows])


def _bars(table: Table) -> str:
    if table is None:
        return NOT_YET
    verdict = {True: "yes", False: "**no**"}
    rows = [
        f"| {bar['bar']} | {bar['what']} | {bar['measured']:g} | {bar['wanted']} | {verdict[bar['met']]} |"
        for bar in table["bars"]
    ]
    return "\n".join(["| bar | what | measured | wanted | met |", "|---|---|---|---|---|", *rows])


def _executors(table: Table) -> str:
    if table is None:
        return NOT_YET
    rows = [
        f"| {row['executor']} | {row['workers']} | {row['episodes_per_second']} | {row['efficiency']} |"
        for row in table["rows"]
    ]
    head = f"Last result, {table['task']}, {table['episodes']} episodes on {table['cores']} cores:\n\n"
    return head + "\n".join(["| executor | workers | episodes per second | efficiency |", "|---|---|---|---|", *rows])


def _latency(table: Table) -> str:
    if table is None:
        return NOT_YET
    lines = ["| size | part | minimum, ms | median, ms |", "|---|---|---|---|"]
    for row in table["rows"]:
        lines += [f"| {row['size']} | {n} | {t['min_ms']} | {t['median_ms']} |" for n, t in row["times"].items()]
    return "\n".join(lines)


def _training_step(table: Table) -> str:
    if table is None:
        return NOT_YET
    lines = ["| training step, batch 64 | minimum, ms | median, ms |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {n} | {t['min_ms']} | {t['median_ms']} |" for n, t in table["step"].items())])


def _window_close(table: Table) -> str:
    if table is None:
        return NOT_YET
    lines = ["| plugin | task | successes | 95 % interval | seeds |", "|---|---|---|---|---|"]
    for row in table["pooled"]:
        where = f"{row['low']:.2f} … {row['high']:.2f}"
        lines.append(f"| {row['plugin']} | {row['task']} | {row['k']} of {row['n']} | {where} | {row['seeds']} |")
    return "\n".join(lines)


def _made(make: Callable[[dict[str, Any]], str], table: Table) -> str:
    return NOT_YET if table is None else make(table)


def _samplers(table: Table) -> str:
    if table is None:
        return NOT_YET
    shown = (5, 10, 20, 40)
    lines = [f"| sampler | {' | '.join(f'{n} evaluations' for n in shown)} |", "|---|" + "---|" * len(shown)]
    for name, row in table["results"].items():
        errors = dict(zip(row["nfe"], row["rms"], strict=True))
        lines.append(f"| {name} | " + " | ".join(f"{errors[n]:.1e}" if n in errors else "–" for n in shown) + " |")
    return "\n".join(lines)
