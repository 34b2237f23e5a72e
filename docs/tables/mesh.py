"""Tables of mesh movement."""

from __future__ import annotations

import re

from results import Row, Table, columns, each, key, named, percent, shows


@shows("mesh/helmholtz")
def helmholtz(table: Table) -> str:
    """One row per mover: how much error it removes, and how fast, beside Monge–Ampère as published and by Newton steps.

    The last is our fastest classical mover. Rows of a run of their own hold the ratio to it in that run; they share the
    problems but not the load of the machine, so their seconds stand in the file only.
    """
    fastest = table["movers"]["monge-ampere"]["median_seconds_by_variant"][-1]
    published, newton = "speed_up_on_largest", "speed_up_over_fastest_on_largest"
    return columns(named(table["movers"]), {
        "mover": key("name"), "error removed, 95 % interval": lambda r: percent(r["error_reduction"]),
        "ratio to MA": key("ratio_to_monge_ampere_published", ".2f"),
        "worse than not moving": lambda r: f"{100 * r['worse_than_not_moving']['value']:.0f} %",
        "seconds, largest size": lambda r: "–" if "machine" in r else f"{r['median_seconds_by_variant'][-1]:.3f}",
        "times faster than MA as published": lambda r: f"{r[published]:.1f}" if published in r else "–",
        "than `monge-ampere`": lambda r: f"{r.get(newton, fastest / r['median_seconds_by_variant'][-1]):.2f}",
    }, *(_over_seeds(row) for row in named(table.get("pooled", {})) if row["seeds"] >= 3))  # fmt: skip


def _over_seeds(row: Row) -> str:
    low, high = row["ratio_interval_95"]
    return (
        f"`{row['name']}`, {row['seeds']} training seeds: {row['ratio']:.2f} × Monge–Ampère's reduction, "
        f"95 % interval over problems {low:.2f} … {high:.2f} (seed by seed {each('ratio_by_seed', '.2f')(row)})."
    )


@shows("mesh/ahead")
def mesh_ahead(table: Table) -> str:
    """One row per mover that sees the solution, MMG and what follows it: both norms, worst, time, shapes."""
    rows = [{"task": task, **row} for task, found in table["tasks"].items() for row in named(found["movers"])]
    return columns(rows, {
        "task": key("task"), "mover": key("name"),
        "L2 error removed, 95 % interval": lambda r: percent(r["error_reduction"]),
        "H1 error removed": lambda r: percent(r["error_reduction_h1"]),
        "worst": lambda r: f"{100 * r['worst']:.0f} %",
        "over MMG, points": lambda r: _points(r["gain_over_mmg"]) if "gain_over_mmg" in r else "–",
        "worse than not moving": lambda r: f"{r['worse_than_not_moving']['k']} of {r['error_reduction']['n']}",
        "CPU seconds, median": lambda r: f"{r['median_cpu_seconds']:.2f}",
        "at 35²": lambda r: f"{r['median_cpu_seconds_largest']:.2f}",
        "worst cell's quality, median": lambda r: f"{r['median_worst_quality']:.2f}",
        "n": lambda r: r["error_reduction"]["n"],
    })  # fmt: skip


def _points(gain: Row) -> str:
    return f"{100 * gain['value']:+.1f} [{100 * gain['low']:.1f}, {100 * gain['high']:.1f}]"


@shows("mesh/closed_forms")
def mesh_closed_forms(table: Table) -> str:
    """One row per closed form and one for the polygons, beside what UGM2N reports of itself."""
    movers, polygons = ("ritz", "anisotropic", "um2n-energy", "spring"), table["polygons"]
    published = {**table["published"], "random polygons": table["published"]["polygons_mean"]}
    rows = [{"name": name, **found} for name, found in table["forms"].items()]
    n = polygons["ritz"]["error_reduction"]["n"]
    improved = {name: polygons[name]["improved"] for name in movers}
    shares = ", ".join(f"`{name}` {row['k']} of {row['n']}" for name, row in improved.items())
    return columns([*rows, {"name": "random polygons", **polygons}], {
        "problem": key("name"),
        **{f"`{name}`": lambda r, name=name: percent(r[name]["error_reduction"]) for name in movers},
        "UGM2N, published": lambda r: f"{100 * published[r['name']]:.1f} %" if r["name"] in published else "–",
        "inverted": lambda r: sum(r[name]["meshes_with_inverted_cell"]["k"] for name in movers),
    }, f"Of the {n} polygons improved: {shares}; UGM2N 80.7 % of 1000.")  # fmt: skip


@shows("mesh/elsewhere")
def mesh_elsewhere(table: Table) -> str:
    """One row per equation and geometry, the mean error removed by every mover, and the worst cases of all."""
    movers = ("ritz", "anisotropic", "um2n-energy", "spring", "mmg")
    rows = [{"name": name.replace("/", ", "), **found} for name, found in table["cells"].items()]
    every = [
        f"`{name}` {100 * row['error_reduction']['value']:.0f} %, worst {100 * row['worst']:.0f} %, worse than not "
        f"moving in {row['worse_than_not_moving']['k']} of {row['error_reduction']['n']}"
        for name, row in table["all"].items()
    ]  # fmt: skip
    return columns(rows, {
        "problem": key("name"),
        **{f"`{name}`": lambda r, name=name: _removed(r.get(name)) for name in movers},
        "n": lambda r: r["ritz"]["error_reduction"]["n"],
    }, f"Over all: {'; '.join(every)}.")  # fmt: skip


def _removed(row: Row | None) -> str:
    if row is None:
        return "–"
    mean, worst = row["error_reduction"]["value"], row["worst"]
    return f"{100 * mean:.0f} %" + (f" (worst {100 * worst:.0f} %)" if worst < 0 else "")


@shows("mesh/space")
def mesh_space(table: Table) -> str:
    """One row per mover and kind of problem in space."""
    rows = [{"task": task, **row} for task, found in table["tasks"].items() for row in named(found)]
    return columns(rows, {
        "problem": key("task"), "mover": key("name"),
        "L2 error removed, 95 % interval": lambda r: percent(r["error_reduction"]),
        "worst": lambda r: f"{100 * r['worst']:.0f} %",
        "inverted": lambda r: r["meshes_with_inverted_cell"]["k"],
        "CPU seconds, median": lambda r: f"{r['median_cpu_seconds']:.2f}",
        "n": lambda r: r["error_reduction"]["n"],
    })  # fmt: skip


@shows("mesh/momentum")
def mesh_momentum(table: Table) -> str:
    """One row per method: iterations of Monge–Ampère's relaxation, and evaluations of direct descent."""
    groups = table["relaxation"]
    rows = [{"name": name, "of": [part[name] for part in groups.values()]} for name in next(iter(groups.values()))]
    descent = table["descent"]
    return columns(rows, {
        "method": key("name"),
        **{f"{group}, median steps": lambda r, k=k: _median(r["of"][k]) for k, group in enumerate(groups)},
        "`r-adapt`: evaluations to 90 % of Adam's gain": lambda r: _evaluations(descent.get(r["name"])),
    }, f"Adam takes {_evaluations(descent['adam'])}.")  # fmt: skip


def _median(row: Row) -> str:
    steps = sorted(row["iterations"])
    failed = row["n"] - row["converged"]
    return f"{steps[len(steps) // 2]}" + (f" ({failed} of {row['n']} failed)" if failed else "")


def _evaluations(row: Row | None) -> str:
    if row is None:
        return "–"
    found = row["evaluations"]
    return (
        f"{found['value']:.0f} [{found['low']:.0f}, {found['high']:.0f}], reached in {row['reached']} of {found['n']}"
    )


@shows("mesh/dcdm")
def mesh_dcdm(table: Table) -> str:
    """One row per system: iterations and seconds of every method on the same right-hand sides."""
    rows = [{"name": f"{row['side']}² grid, 1e-4", **row} for row in table["grids"] if "multilevel-0" in row]
    rows += [{"name": f"Delaunay n = {row['n']}, {row['mesh']}, 1e-8", **row} for row in table["meshes"]]
    shown = {"`dcdm`": "multilevel-0", "flexible PCG, same network": "multilevel-0 flexible pcg",
             "PCG, same network": "multilevel-0 plain pcg", "CG, Jacobi": "cg-jacobi", "pyamg with CG": "amg-cg",
             "factorisation": "direct"}  # fmt: skip
    return columns(rows, {"system": key("name")} | {
        f"{title}: iterations, s": lambda r, k=name: _cost(r[k]) for title, name in shown.items()})  # fmt: skip


def _cost(row: Row) -> str:
    missed = "" if row["converged"] == row["n"] else f" ({row['n'] - row['converged']} of {row['n']} did not converge)"
    return f"{row['iterations']:.0f}, {row['seconds']:.3f}{missed}" if row["iterations"] else f"–, {row['seconds']:.3f}"


@shows("mesh/bound")
def mesh_bound(table: Table) -> str:
    """Direct descent on the solver's error beside what is learned and Monge–Ampère, on the same problems."""
    return columns(named(table["movers"]), {
        "mover": key("name"), "error removed, 95 % interval": lambda r: percent(r["error_reduction"]),
        "n": lambda r: r["error_reduction"]["n"],
        "seconds, largest size": lambda r: f"{r['median_seconds_by_variant'][-1]:.2f}",
    })  # fmt: skip


@shows("mesh/zero_shot")
def zero_shot(table: Table) -> str:
    """One row per task and mover, with quantities of interest where the task has some; a value for each seed."""
    rows = []
    for task in table["tasks"]:
        classical = {name: row for name, row in task["movers"].items() if not re.search(r"-s\d+$", name)}
        rows += [{"task": task["task"], **row} for row in named({**classical, **task.get("pooled", {})})]
    return columns(rows, {
        "task": key("task"), "mover": key("name"),
        "error removed, 95 % interval": lambda r: percent(r["error_reduction"]),
        "by seed": lambda r: ", ".join(f"{100 * value:.0f}" for value in r.get("reduction_by_seed", [])) or "–",
        "worse in": lambda r: f"{100 * r['worse_than_not_moving']['value']:.0f} %",
        "drag, lift, arrival: error removed": _quantities, "n": lambda r: r["error_reduction"]["n"],
    })  # fmt: skip


def _quantities(row: Row) -> str:
    found = row.get("quantities", {}).items()
    return ", ".join(f"{name} {100 * item['reduction_of_the_mean']:.0f} %" for name, item in found) or "–"


@shows("mesh/validity")
def mesh_validity(table: Table) -> str:
    """Inverted cells of each mover with and without the limiter."""
    final, raw = "meshes_with_inverted_cell", "meshes_inverted_without_limiter"
    return columns(named(table["movers"]), {
        "mover": key("name"),
        "meshes with an inverted cell": lambda r: f"{r['all'][final]['k']} of {r['all'][final]['n']}",
        "without the limiter": lambda r: r["all"][raw]["k"],
        "limiter active": lambda r: percent(r["all"]["limiter_active"]),
        "of it, Helmholtz monitors": lambda r: percent(r["helmholtz"]["limiter_active"]),
    })  # fmt: skip


@shows("mesh/scaling")
def mesh_scaling(table: Table) -> str:
    """Seconds and memory by size, and the slopes."""
    rows = [{"mover": case, **row} for case, items in table["cases"].items() for row in items]
    slopes = ", ".join(f"{case} {slope:.2f}" for case, slope in table["slope_of_time"].items())
    cells = {"mover": key("mover"), "vertices": key("vertices", ","), "seconds per move": key("seconds", ".3f"),
             "memory, MiB": key("memory_above_start_mib", ".0f")}  # fmt: skip
    return columns(rows, cells, f"Slope of log time over log vertices: {slopes}.")


@shows("mesh/ring")
def mesh_ring(table: Table) -> str:
    """The classical solvers on the ring monitor."""
    return columns(named(table["methods"]), {
        "method": key("name"), "iterations": key("iterations"), "residual": key("residual", ".1e"),
        "seconds, minimum": key("seconds_min", ".3f"), "median": key("seconds_median", ".3f"),
    })  # fmt: skip


@shows("mesh/cylinder")
def mesh_cylinder(table: Table) -> str:
    """Our flow solver against the published coefficients."""
    re20 = [*table["re20"], {"vertices": "published", **table["published_re20"]}]
    steady = {"Re 20, vertices": key("vertices"), "drag": key("drag", ".5f"), "lift": key("lift", ".6f")}
    unsteady = {
        "Re 100, vertices": key("vertices"), "time step, s": key("dt"), "largest drag": key("largest_drag", ".3f"),
        "largest lift": key("largest_lift", ".3f"), "Strouhal number": key("strouhal", ".4f"),
    }  # fmt: skip
    known = "| published |  | 3.22 … 3.24 | 0.99 … 1.01 | 0.295 … 0.305 |"
    return "\n".join([columns(re20, steady), "", columns(table["re100"], unsteady), known])


@shows("mesh/ablation")
def mesh_ablation(table: Table) -> str:
    """What each change of the small UM2N is worth, on validation problems."""
    return columns(table["rows"], {
        "variant": key("name"), "steps": key("steps"), "seeds": key("seeds"),
        "error removed on validation, 95 % interval": lambda r: percent(r["error_reduction"]),
    })  # fmt: skip


@shows("mesh/fem_cg")
def fem_cg(table: Table) -> str:
    """Factorisation and conjugate gradients on a CPU."""
    return columns(table["rows"], {
        "vertices": key("vertices"), "direct, s": key("direct_s", ".3g"), "conjugate gradients, s": key("cg_s", ".3g"),
        "ratio": key("cg_over_direct", ".1f"), "least": key("ratio_low", ".1f"), "largest": key("ratio_high", ".1f"),
    })  # fmt: skip
