"""Tables of the generative policies and their samplers."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from results import Cell, Row, Table, columns, each, key, markdown, named, paired, shows, success

EVALUATIONS = ("1", "2", "4", "10")


@shows("policies/latency")
def latency(table: Table) -> str:
    """Milliseconds to an action."""
    parts = [
        {"size": f"{r['size']}, {r['points']} points", "part": part, **t}
        for r in table["rows"]
        for part, t in r["times"].items()
    ]
    return columns(
        parts, {"size": key("size"), "part": key("part"), "minimum, ms": key("min_ms"), "median, ms": key("median_ms")}
    )


@shows("policies/many")
def many(table: Table) -> str:
    """Several policies at once."""
    settings, times = table["settings"], table["ms_per_policy_step"].items()
    about = f"{settings['policies']} policies of size `{settings['size']}`, batch {settings['batch']}"
    return markdown((about, "ms per step of one policy"), ((way, f"{ms:.0f}") for way, ms in times))


@shows("policies/training_step")
def training_step(table: Table) -> str:
    """Milliseconds of a training step."""
    cells = {"training step, batch 64": key("name"), "minimum, ms": key("min_ms"), "median, ms": key("median_ms")}
    return columns(named(table["step"]), cells)


@shows("policies/dial_turn")
def dial_turn(table: Table) -> str:
    """Success of MP1's recipe over seeds, and of its opponents on the same episodes."""
    own = table["pooled"][0]
    rows = [{"name": own["plugin"], **own}, *named(own["opponents"])]
    seeds = ", ".join(str(run["seed"]) for run in table["runs"])
    cells = {
        "on `dial-turn`": key("name"),
        "success": success,
        "gain of MP1": _gain,
        "p": lambda r: f"{r['p']:.1g}" if "p" in r else "–",
    }
    return columns(rows, cells, f"Seeds: {seeds}. Gains are paired on the same episodes; p is of McNemar's exact test.")


@shows("policies/one_step")
def one_step(table: Table) -> str:
    """Success by task and method over the seeds that are done, and the paired tests."""
    methods = list(dict.fromkeys(row["method"] for row in table["rows"]))
    own = {(row["task"], row["method"]): row for row in table["rows"]}
    rows = [[task, *(_by_seed(own.get((task, name))) for name in methods)] for task in table["tasks"]]
    steps = ", ".join(f"{name} {table['steps'][name]}" for name in methods)
    about = [
        f"{pair['method']} against {pair['against']}, {pair['cases']} pairs of runs: "
        f"{pair['success']['k']} of {pair['success']['n']} against {pair['theirs']['k']}; p = {pair['p_against']:.1g} "
        f"over episodes, {pair['p_runs_against']:.1g} over runs."
        for pair in table["pairs"]
        if pair["method"] == "glance"
    ]
    return markdown(("task", *methods), rows, f"Steps in the same processor time: {steps}.", *about)


def _by_seed(row: Row | None) -> str:
    return "–" if row is None else f"{success(row['success'])} ({', '.join(map(str, row['by_seed'].values()))})"


@shows("policies/acting")
def acting(table: Table) -> str:
    """Success of the same weights, acting in other ways."""
    cells = {
        "way to act": key("way"),
        "success": lambda r: success(r["rate"]),
        "p": lambda r: f"{r['p_against_as_trained']:.2g}",
    }
    return columns(table["rows"], cells)


@shows("policies/marks")
def marks(table: Table) -> str:
    """What perfect answers win through the policies' bottlenecks, by task."""
    tasks = list(dict.fromkeys(row["task"] for row in table["rows"]))
    won = {(row["mark"], row["task"]): sum(row["success"]) for row in table["rows"]}
    names = [row["mark"] for row in table["pooled"]]
    settings = table["settings"]
    lines = [[name, *(won[name, task] for task in tasks)] for name in names]
    return markdown(("of " + str(settings["episodes"]), *tasks), lines)


def _gain(row: Row) -> str:
    gain = row.get("gain")
    return "–" if gain is None else f"{gain['value']:+.2f} [{gain['low']:+.2f}, {gain['high']:+.2f}]"


@shows("samplers/error")
def samplers(table: Table) -> str:
    """Errors of samplers by evaluations."""
    shown = (5, 10, 20, 40)
    rows = []
    for name, row in table["results"].items():
        errors = dict(zip(row["nfe"], row["rms"], strict=True))
        rows.append([name, *(f"{errors[n]:.1e}" if n in errors else "–" for n in shown)])
    return markdown(("sampler", *(f"{n} evaluations" for n in shown)), rows)


@shows("policies/plane")
def plane(table: Table) -> str:
    """Median over seeds of W2 by evaluations and, at one, the share of samples on the left."""
    parts = []
    for name, rows in table["rows"].items():
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            grouped[row["plugin"]].append(row)
        cells = {"method": key("name")}
        cells |= {f"W2 at {n}": lambda r, n=n: _median([row["w2"].get(n) for row in r["rows"]]) for n in EVALUATIONS}
        cells["share on the left at 1"] = lambda r: _median([row["left"]["1"] for row in r["rows"]])
        cells["seeds"] = lambda r: str(len(r["rows"]))
        about = f"`{name}` (two sets of fresh data: {table['floor'][name]}):\n"
        parts += [about, columns([{"name": plugin, "rows": own} for plugin, own in grouped.items()], cells), ""]
    return "\n".join(parts)


@shows("policies/comparison")
def comparison(table: Table) -> str:
    """Success by task and plugin."""
    plugins = list(dict.fromkeys(row["plugin"] for row in table["rows"]))
    rows = []
    for task, group in table["groups"].items():
        own = {row["plugin"]: row["success"] for row in table["rows"] if row["task"] == task}
        if own:
            rows.append([task.removeprefix("metaworld/"), group, *(success(own.get(plugin)) for plugin in plugins)])
    done = f"{table['runs_done']} of {table['runs_wanted']} runs are done"
    steps = table["settings"]["train.steps"]
    about = f"{done}; {steps} optimiser steps each, Wilson intervals of 95 %."
    return markdown(("task", "group", *plugins), rows, about)


@shows("policies/comparison", "comparison_pooled")
def pooled(table: Table) -> str:
    """Success over all cases that every plugin has, with the paired tests."""
    return columns(table["plugins"], {
        "method": key("plugin"), "success": rate("success"), "against mp1": against("mp1"),
        "against dp3": against("dp3"), "against replay-nearest": against("replay-nearest"),
    }, f"p of paired tests: on the same episodes / on the {table['plugins'][0]['cases']} runs.")  # fmt: skip


@shows("policies/evaluations")
def evaluations(table: Table) -> str:
    """Success with fewer evaluations, beside each method's own number and MP1's one."""
    return columns(sorted(table["rows"], key=lambda row: row["nfe"]), {
        "method": key("method"), "evaluations": key("nfe"), "success": rate("success"), "with its own": rate("own"),
        "p": against("own"), "mp1": rate("mp1"), "p against mp1": against("mp1"), "runs": key("cases"),
    }, "p of paired tests: on the same episodes / on the runs.")  # fmt: skip


@shows("policies/costs")
def costs(table: Table) -> str:
    """What an action and a training step of each method cost, by size."""
    rows = [{"size": size["size"], **row} for size in table["sizes"] for row in size["rows"]]
    encoders = ", ".join(f"{_times(size['encoder'])} at `{size['size']}`" for size in table["sizes"])
    return columns(rows, {
        "method": key("plugin"), "size": key("size"), "parameters": key("parameters", ","), "evaluations": key("nfe"),
        "action, ms": lambda r: _times(r.get("action")), "its head, ms": lambda r: _times(r.get("head")),
        "training step, ms": lambda r: _times(r.get("training step")),
    }, f"Median / 95th percentile / least. The encoder, which all share: {encoders}.")  # fmt: skip


@shows("policies/ablation")
def mp1_ablation(table: Table) -> str:
    """Success of variants of MP1, and of DP3 beside them, on validation episodes."""
    return columns(table["rows"], {
        "variant": key("variant"), "success on validation episodes": rate("success"), "p against mp1": against("mp1"),
        "runs": key("cases"),
    })  # fmt: skip


@shows("policies/students")
def students(table: Table) -> str:
    """Success of students and teachers with one evaluation, and how much of the one-step error is left."""
    return columns(table["rows"], {
        "student": key("student"), "teacher": key("teacher"), "steps": key("steps"),
        "success, one step": rate("success"),
        "teacher's, one step": rate("teacher_success_one_step"), "teacher's own": rate("teacher_success"),
        "error left, by seed": each("error_ratio", ".2f"),
    })  # fmt: skip


def rate(name: str) -> Cell:
    """Return what shows a success rate of a row."""
    return lambda row: success(row[name])


def against(name: str) -> Cell:
    """Return what shows the p-values against another method."""
    return lambda row: paired(row, name)


def _median(values: list[float | None]) -> str:
    numbers = [value for value in values if value is not None]
    return f"{median(numbers):.3f}" if numbers else "–"


def _times(found: Row | None) -> str:
    return "–" if found is None else f"{found['median_ms']:.1f} / {found['p95_ms']:.1f} / {found['min_ms']:.1f}"


@shows("policies/two_level")
def two_level(table: Table) -> str:
    """Show what practice of a planner is worth above one executor."""
    ahead = {row["over"]: row for row in table["planner"]}
    bits = "the same bits" if all(row["same_bits"] for row in table["rows"]) else "OTHER bits"
    rows = [
        {"who": name, "rate": rate, "points": ahead.get(name, {}).get("points"), "p": ahead.get(name, {}).get("p")}
        for name, rate in table["rates"].items()
    ]
    return columns(
        rows,
        {
            "who chooses the sub-goals": key("who"),
            "all three done": lambda row: success(row["rate"]),
            "the planner is ahead by": lambda row: "–" if row["points"] is None else f"{row['points']:.1f} points",
            "p, paired": lambda row: "–" if row["p"] is None else f"{row['p']:.2g}",
        },
        f"Seeds: {', '.join(str(row['seed']) for row in table['rows'])}; {table['episodes']} episodes each, a third in "
        f"each order; {table['updates']} updates of each planner, {table['steps']} training steps of the executor, "
        f"which has {bits} after practice.",
    )
