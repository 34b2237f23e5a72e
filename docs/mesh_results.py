"""Tables of the mesh movers' page, from the committed results of ``benchmarks/mesh``."""

from __future__ import annotations

import re
from typing import Any

Table = dict[str, Any]


def percent(value: dict[str, float]) -> str:
    """Return a share with its interval, in per cent."""
    return f"{100 * value['value']:.1f} % [{100 * value['low']:.1f}, {100 * value['high']:.1f}]"


def helmholtz(table: Table) -> str:
    """One row per mover: how much error it removes, and how fast, beside Monge–Ampère as published and by Newton steps.

    The last is our fastest classical mover. Rows of a run of their own hold the ratio to it in that run.
    """
    head = "| mover | error removed, 95 % interval | ratio to MA | worse than not moving | seconds, largest size | "
    lines = [head + "times faster than MA as published | than `monge-ampere` |", "|---|---|---|---|---|---|---|"]
    fastest = table["movers"]["monge-ampere"]["median_seconds_by_variant"][-1]
    for name, row in table["movers"].items():
        faster = f"{row['speed_up_on_largest']:.1f}" if "speed_up_on_largest" in row else "–"
        seconds = row["median_seconds_by_variant"][-1]
        # A later run shares the problems but not the load of the machine: its seconds stand in the file only.
        shown = "–" if "machine" in row else f"{seconds:.3f}"
        lines.append(
            f"| {name} | {percent(row['error_reduction'])} | {row['ratio_to_monge_ampere_published']:.2f} | "
            f"{100 * row['worse_than_not_moving']['value']:.0f} % | {shown} | {faster} | "
            f"{row.get('speed_up_over_fastest_on_largest', fastest / seconds):.2f} |"
        )
    return "\n".join(lines + _pooled(table.get("pooled", {})))


def bound(table: Table) -> str:
    """Direct descent on the solver's error beside what is learned and Monge–Ampère, on the same problems."""
    lines = ["| mover | error removed, 95 % interval | n | seconds, largest size |", "|---|---|---|---|"]
    for name, row in table["movers"].items():
        value = row["error_reduction"]
        lines.append(f"| {name} | {percent(value)} | {value['n']} | {row['median_seconds_by_variant'][-1]:.2f} |")
    return "\n".join(lines)


def _pooled(groups: Table) -> list[str]:
    lines = []
    for name, row in groups.items():
        if row["seeds"] < 3:
            continue  # its row says the same
        low, high = row["ratio_interval_95"]
        seeds = ", ".join(f"{ratio:.2f}" for ratio in row["ratio_by_seed"])
        lines.append(
            f"\n`{name}`, {row['seeds']} training seeds: {row['ratio']:.2f} × Monge–Ampère's reduction, "
            f"95 % interval over problems {low:.2f} … {high:.2f} (seed by seed {seeds})."
        )
    return lines


def zero_shot(table: Table) -> str:
    """One row per task and mover, with quantities of interest where the task has some; a value for each seed."""
    head = (
        "| task | mover | error removed, 95 % interval | by seed | worse in | drag, lift, arrival: error removed | n |"
    )
    lines = [head, "|---|---|---|---|---|---|---|"]
    for task in table["tasks"]:
        classical = {name: row for name, row in task["movers"].items() if not re.search(r"-s\d+$", name)}
        for name, row in {**classical, **task.get("pooled", {})}.items():
            of_interest = row.get("quantities", {})
            more = ", ".join(f"{key} {100 * item['reduction_of_the_mean']:.0f} %" for key, item in of_interest.items())
            seeds = ", ".join(f"{100 * value:.0f}" for value in row.get("reduction_by_seed", []))
            reduction, worse = row["error_reduction"], row["worse_than_not_moving"]
            lines.append(
                f"| {task['task']} | {name} | {percent(reduction)} | {seeds or '–'} | {100 * worse['value']:.0f} % | "
                f"{more or '–'} | {reduction['n']} |"
            )
    return "\n".join(lines)


def validity(table: Table) -> str:
    """Inverted cells of each mover with and without the limiter."""
    lines = [
        "| mover | meshes with an inverted cell | without the limiter | limiter active | of it, Helmholtz monitors |",
        "|---|---|---|---|---|",
    ]
    for name, row in table["movers"].items():
        every, usual = row["all"], row["helmholtz"]
        final, raw = every["meshes_with_inverted_cell"], every["meshes_inverted_without_limiter"]
        lines.append(
            f"| {name} | {final['k']} of {final['n']} | {raw['k']} | {percent(every['limiter_active'])} | "
            f"{percent(usual['limiter_active'])} |"
        )
    return "\n".join(lines)


def scaling(table: Table) -> str:
    """Seconds and memory by size, and the slopes."""
    lines = ["| mover | vertices | seconds per move | memory, MiB |", "|---|---|---|---|"]
    for case, rows in table["cases"].items():
        lines += [
            f"| {case} | {row['vertices']:,} | {row['seconds']:.3f} | {row['memory_above_start_mib']:.0f} |"
            for row in rows
        ]
    slopes = ", ".join(f"{case} {slope:.2f}" for case, slope in table["slope_of_time"].items())
    return "\n".join([*lines, f"\nSlope of log time over log vertices: {slopes}."])


def ring(table: Table) -> str:
    """The classical solvers on the ring monitor."""
    lines = ["| method | iterations | residual | seconds, minimum | median |", "|---|---|---|---|---|"]
    for name, row in table["methods"].items():
        lines.append(
            f"| {name} | {row['iterations']} | {row['residual']:.1e} | {row['seconds_min']:.3f} | "
            f"{row['seconds_median']:.3f} |"
        )
    return "\n".join(lines)


def cylinder(table: Table) -> str:
    """Our flow solver against the published coefficients."""
    lines = ["| Re 20, vertices | drag | lift |", "|---|---|---|"]
    lines += [f"| {row['vertices']} | {row['drag']:.5f} | {row['lift']:.6f} |" for row in table["re20"]]
    known = table["published_re20"]
    lines.append(f"| published | {known['drag']:.5f} | {known['lift']:.6f} |")
    lines += [
        "",
        "| Re 100, vertices | time step, s | largest drag | largest lift | Strouhal number |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['vertices']} | {row['dt']} | {row['largest_drag']:.3f} | {row['largest_lift']:.3f} | "
        f"{row['strouhal']:.4f} |"
        for row in table["re100"]
    ]
    lines.append("| published | | 3.22 … 3.24 | 0.99 … 1.01 | 0.295 … 0.305 |")
    return "\n".join(lines)


def ablation(table: Table) -> str:
    """What each change of the small UM2N is worth, on validation problems."""
    lines = ["| variant | steps | seeds | error removed on validation, 95 % interval |", "|---|---|---|---|"]
    lines += [f"| {r['name']} | {r['steps']} | {r['seeds']} | {percent(r['error_reduction'])} |" for r in table["rows"]]
    return "\n".join(lines)


TABLES = {
    "helmholtz": (helmholtz, "helmholtz"),
    "mesh_bound": (bound, "bound"),
    "zero_shot": (zero_shot, "zero_shot"),
    "mesh_validity": (validity, "validity"),
    "mesh_scaling": (scaling, "scaling"),
    "mesh_ring": (ring, "ring"),
    "mesh_cylinder": (cylinder, "cylinder"),
    "mesh_ablation": (ablation, "ablation"),
}
"""Name on the page → function and file in ``benchmarks/mesh``."""
