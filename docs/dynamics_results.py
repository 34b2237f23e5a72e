"""Tables of reconstruction from committed results; see ``results.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Table = dict[str, Any] | None
NOT_YET = "(No result is committed yet; the command above writes it.)"
LATE = ("method", "parameters", "seeds", "test, mean", "test, median", "new, mean", "new, median", "purity", "CPU s")


def tables(read: Callable[[str], Table]) -> dict[str, str]:
    """Return the tables of the pages on dynamical systems by name; ``read`` gives a committed result or None."""
    named = {name: f"{name}_reconstruction" for name in ("odebench_4", "odebench_10a", "odebench_10b")}
    named |= {"gray_scott": "gray_scott_reconstruction", "navier_stokes": "navier_stokes_reconstruction"}
    found = {name: relative(read(f"dynamics/{file}")) for name, file in named.items()}
    return {
        **found,
        "lotka_volterra": absolute(read("dynamics/lotka_volterra_reconstruction")),
        "whole_run": whole_run(read("dynamics/whole_run")),
        "regularised": regularised(read("dynamics/regularised")),
        "step_cost": step_cost(read("dynamics/step_cost")),
        "steps": steps(read("dynamics/steps")),
        "steps_fields": steps_fields(read("dynamics/steps")),
    }


def lines(head: tuple[str, ...], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(head), ["---"] * len(head), *rows])


def relative(table: Table) -> str:
    """Return relative errors of methods, pooled over seeds, with 95 % intervals of the mean."""
    if table is None:
        return NOT_YET
    rows = []
    for row in table["table"]:
        pure = _each(row["purity"], ".2f") if min(row["purity"]) > 0.5 else "–"
        errors = [
            text for s in ("test", "ood") for text in (_mean(row[f"{s}_relative_mse"]), f"{row[f'{s}_median']:.1e}")
        ]
        spent = _each(row["cpu_seconds"], ".0f")
        rows.append([row["method"], f"{row['parameters']:,}", str(row["seeds"]), *errors, pure, spent])
    return lines(LATE, rows)


def absolute(table: Table) -> str:
    """Return mean squared errors of methods, a number for each seed."""
    if table is None:
        return NOT_YET
    head = ("method", "parameters", "MSE in distribution", "MSE on new systems", "loss spikes", "CPU s")
    rows = []
    for row in table["table"]:
        errors = [_each(row[f"{split}_mse"], ".1e") for split in ("test", "ood")]
        rest = [_each(row["spikes"], ".0f"), _each(row["cpu_seconds"], ".0f")]
        rows.append([row["method"], f"{row['parameters']:,}", *errors, *rest])
    return lines(head, rows)


def whole_run(table: Table) -> str:
    """Return how long the whole command took."""
    if table is None:
        return NOT_YET
    head = ("seed", "wall, s", "processor, s", "load of the machine before", "test, relative MSE", "new, relative MSE")
    rows = [
        [str(row["seed"]), f"{row['wall_seconds']:g}", f"{row['cpu_seconds']:g}", f"{row['load_before']:g}",
         *(_mean(row["relative_mse"][split]) for split in ("test", "ood"))]
        for row in table["rows"]
    ]  # fmt: skip
    return lines(head, rows)


def regularised(table: Table) -> str:
    """Return evaluations and errors with and without regularisers."""
    if table is None:
        return NOT_YET
    head = ("task", "regulariser", "coefficient", "seeds", "evaluations", "ratio", "error", "training, CPU s")
    rows = []
    for row in table["summary"]:
        nfe = row.get("nfe", row.get("test_nfe"))
        error = (
            f"{1 - row['accuracy']:.3f} of points wrong" if "accuracy" in row else f"{row['test']:.1e} (relative MSE)"
        )
        label = [row["task"], row["kind"], f"{row['coefficient']:g}", str(row["seeds"])]
        rows.append([*label, f"{nfe:.1f}", f"{row['nfe_ratio']:.2f}", error, f"{row['train_seconds']:.1f}"])
    return lines(head, rows)


def step_cost(table: Table) -> str:
    """Return what several experts cost in a step, by width."""
    if table is None:
        return NOT_YET
    names = list(table["rows"][0]["ratio"])
    head = ("width", *(f"{name}: least, median" for name in names))
    rows = [
        [str(row["width"]), *(f"{row['ratio'][n]['min']:.2f}, {row['ratio'][n]['median']:.2f}" for n in names)]
        for row in table["rows"]
    ]
    return lines(head, rows)


def steps(table: Table) -> str:
    """Return the error of the truth itself by Runge–Kutta steps between two samples, by system."""
    if table is None:
        return NOT_YET
    rows = [row for row in table["rows"] if "rk4, 2" in row["errors"]]
    names = list(rows[0]["errors"])
    head = ("system", *(name.removeprefix("rk4, ") for name in names))
    return lines(head, [[row["system"], *(_error(row["errors"][name]) for name in names)] for row in rows])


def steps_fields(table: Table) -> str:
    """Return the same for fields, with evaluations of the right-hand side."""
    if table is None:
        return NOT_YET
    rows = []
    for row in table["rows"]:
        for name, error in row["errors"].items() if "rk4, 2" not in row["errors"] else ():
            solver, count = name.split(", ")
            steps, _, stages = count.partition(" of ")
            cost = str(int(steps) * int(stages or 4))
            rows.append([row["system"], solver, steps, cost, _error(error)])
    return lines(("system", "solver", "steps", "evaluations", "error"), rows)


def _error(value: float | None) -> str:
    return "lost" if value is None else f"{value:.1e}"


def _each(values: list[float], form: str) -> str:
    return ", ".join("–" if value is None else format(value, form) for value in values)


def _mean(value: dict[str, float]) -> str:
    return f"{value['value']:.1e} [{value['low']:.1e}, {value['high']:.1e}]"
