"""Tables of the platform itself: faults, export, scaling."""

from __future__ import annotations

import json
from collections import defaultdict

from results import Table, columns, each, key, markdown, named, shows


@shows("faults/kill")
def kill(table: Table) -> str:
    """Runs that were killed."""
    return columns(table["subjects"].values(), {
        "run that is killed": lambda r: f"`{r['plugin']}` on `{r['task']}`", "kills": key("kills"),
        "where": lambda r: "; ".join(f"{count} in {place}" for place, count in r["places"].items()),
        "ended in the same bits": lambda r: r["kills"] - len(r["failures"]),
    })  # fmt: skip


@shows("faults/memory")
def memory(table: Table) -> str:
    """How memory grows."""
    low, high = table["interval_95"]
    return (
        f"Last result: {table['episodes']} episodes in {table['minutes']:g} minutes, from {table['first_mib']} to "
        f"{table['last_mib']} MiB; slope {table['slope_mib_per_hour']} MiB per hour (95 % interval {low} … {high})."
    )


@shows("faults/fuzz")
def fuzz(table: Table) -> str:
    """Readers under random bytes."""
    rows = named(table["readers"])
    inputs = sum(row["inputs"] for row in rows)
    head = f"Last result, {rows[0]['seconds']} s each on a busy machine, {inputs:,} inputs in all:\n\n"
    return head + columns(rows, {
        "reader": key("name"), "valid files": key("seeds"), "inputs": key("inputs", ","), "kept": key("corpus"),
        "edges covered": key("edges"), "crashes": key("crashes"),
    })  # fmt: skip


@shows("scaling/executors")
def executors(table: Table) -> str:
    """Rollouts by executor."""
    machine = table["record"]["machine"]
    return f"{table['task']}, {machine['cores']} cores:\n\n" + columns(table["rows"], {
        "executor": key("executor"), "workers": key("workers"), "load before": lambda _: machine["load"],
        "episodes per second": key("episodes_per_second"), "efficiency": key("efficiency"),
        "processor time against one process": lambda r: r.get("processor_time_ratio", "–"),
    })  # fmt: skip


@shows("scaling/lockstep")
def lockstep(table: Table) -> str:
    """Evaluations in lockstep against the loop that played one episode at a time."""
    return columns(table["rows"], {
        "method": lambda r: f"`{r['case']}` on `{r['task']}`", "episodes": key("episodes"),
        "processor seconds before": lambda r: ", ".join(map(str, r["seconds_237098d"])),
        "today": lambda r: ", ".join(map(str, r["seconds_today"])), "ratio": key("ratio"),
        "largest relative difference": lambda r: f"{r['largest_difference']:.0e}" + " of means" * r["means"],
    })  # fmt: skip


@shows("export/export")
def export(table: Table) -> str:
    """What can be exported, and how exactly."""
    kinds, rows, refused = ("onnx", "torch-export"), [], defaultdict(list)
    for row in table["rows"]:
        changed = [f"`{name}={json.dumps(value)}`" for name, value in row["with"].items()]
        name = ", ".join([f"`{row['plugin']}`", *changed])
        found = [row[kind] for kind in kinds]
        if all("refused" in one for one in found):
            refused[found[0]["refused"].split(": ", 1)[1].split(" (")[0]].append(name)
        else:
            rows.append([name, *("refused" if "refused" in one else f"{one['difference']:.1e}" for one in found)])
    reasons = "\n".join(f"- {', '.join(names)}: {reason}" for reason, names in refused.items())
    head = ("policy", "ONNX: largest difference", "torch-export: largest difference")
    return markdown(head, rows, "Refused, and why:", reasons)


@shows("scaling/training")
def training(table: Table) -> str:
    """A training step over processes."""
    size = f"{table['policy']}, {table['parameters']:,} parameters, batch {table['batch']}"
    return f"{size}, load {table['record']['machine']['load']} before:\n\n" + columns(table["rows"], {
        "processes": key("processes"), "step, ms (rounds)": each("step_ms", "g"),
        "processor time of a step, ms (rounds)": each("processor_ms", "g"),
        "against one process": key("processor_time_ratio"),
    })  # fmt: skip


@shows("scaling/precision")
def precision(table: Table) -> str:
    """Success and error of trainings in reduced precision, beside float32 on the same episodes."""
    return columns(table["rows"], {
        "training": lambda r: f"`{r['case']}` on `{r['task']}`", "precision": key("precision"),
        "measured": key("metric"), "value": lambda r: "{value:.3g} [{low:.3g}, {high:.3g}]".format(**r["value"]),
        "difference from float32": lambda r: (
            "{value:+.2g} [{low:+.2g}, {high:+.2g}]".format(**r["difference"]) if "difference" in r else "–"
        ),
        "n": lambda r: f"{r['value']['n']}, {len(r['seeds'])} seeds",
    }, f"TF32: {table['tf32']}.")  # fmt: skip
