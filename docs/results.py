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
        "export": _export(_read("export/export")),
        "training": _training(_read("scaling/training")),
        "latency": _latency(_read("policies/latency")),
        "many": _many(_read("policies/many")),
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
    lines = ["| run that is killed | kills | where | ended in the same bits |", "|---|---|---|---|"]
    for row in table["subjects"].values():
        where = "; ".join(f"{count} in {place}" for place, count in row["places"].items())
        good = row["kills"] - len(row["failures"])
        lines.append(f"| `{row['plugin']}` on `{row['task']}` | {row['kills']} | {where} | {good} |")
    return "\n".join(lines)


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
        f"| {name} | {row['seeds']} | {row['inputs']:,} | {row['corpus']} | {row['edges']} | {row['crashes']} |"
        for name, row in table["readers"].items()
    ]
    seconds = next(iter(table["readers"].values()))["seconds"]
    inputs = sum(row["inputs"] for row in table["readers"].values())
    head = f"Last result, {seconds} s each on a busy machine, {inputs:,} inputs in all:\n\n"
    columns = "| reader | valid files | inputs | kept | edges covered | crashes |\n|---|---|---|---|---|---|"
    return "\n".join([head + columns, *rows])


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


def _executors(found: Table) -> str:
    if found is None:
        return NOT_YET
    tables = {"": found} if "rows" in found else found
    lines = [
        "| executor | workers | load before | episodes per second | efficiency | processor time against one process |",
        "|---|---|---|---|---|---|",
    ]
    for table in tables.values():
        lines += [
            f"| {row['executor']} | {row['workers']} | {table['load']} | {row['episodes_per_second']} | "
            f"{row['efficiency']} | {row.get('processor_time_ratio', '–')} |"
            for row in table["rows"]
        ]
    first = next(iter(tables.values()))
    return f"{first['task']}, {first['cores']} cores:\n\n" + "\n".join(lines)


def _export(table: Table) -> str:
    if table is None:
        return NOT_YET
    lines = ["| policy | ONNX: largest difference | torch-export: largest difference |", "|---|---|---|"]
    refused: dict[str, list[str]] = {}
    for row in table["rows"]:
        found = [row[kind] for kind in ("onnx", "torch-export")]
        name = ", ".join(
            [f"`{row['plugin']}`", *(f"`{key}={json.dumps(value)}`" for key, value in row["with"].items())]
        )
        if all("refused" in one for one in found):
            reason = found[0]["refused"].split(": ", 1)[1].split(" (")[0]
            refused.setdefault(reason, []).append(name)
        else:
            shown = ("refused" if "refused" in one else f"{one['difference']:.1e}" for one in found)
            lines.append(f"| {name} | {' | '.join(shown)} |")
    reasons = [f"- {', '.join(names)}: {reason}" for reason, names in refused.items()]
    return "\n".join([*lines, "", "Refused, and why:", "", *reasons])


def _training(table: Table) -> str:
    if table is None:
        return NOT_YET
    lines = [
        "| processes | step, ms (rounds) | processor time of a step, ms (rounds) | against one process |",
        "|---|---|---|---|",
    ]
    for row in table["rows"]:
        times = (", ".join(f"{value:g}" for value in row[key]) for key in ("step_ms", "processor_ms"))
        lines.append(f"| {row['processes']} | {' | '.join(times)} | {row['processor_time_ratio']} |")
    about = (
        f"{table['policy']}, {table['parameters']:,} parameters, batch {table['batch']}, load {table['load']} before"
    )
    return f"{about}:\n\n" + "\n".join(lines)


def _latency(table: Table) -> str:
    if table is None:
        return NOT_YET
    lines = ["| size | part | minimum, ms | median, ms |", "|---|---|---|---|"]
    for row in table["rows"]:
        size = f"{row['size']}, {row['points']} points"
        lines += [f"| {size} | {n} | {t['min_ms']} | {t['median_ms']} |" for n, t in row["times"].items()]
    return "\n".join(lines)


def _many(table: Table) -> str:
    if table is None:
        return NOT_YET
    settings = table["settings"]
    about = f"{settings['policies']} policies of size `{settings['size']}`, batch {settings['batch']}"
    lines = [f"| {about} | ms per step of one policy |", "|---|---|"]
    return "\n".join([*lines, *(f"| {way} | {ms:.0f} |" for way, ms in table["ms_per_policy_step"].items())])


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
