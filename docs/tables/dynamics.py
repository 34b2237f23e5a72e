"""Tables of dynamical systems: prediction and reconstruction."""

from __future__ import annotations

from results import Row, Table, columns, each, key, markdown, mean, shows, success


@shows("predictors/table")
def predictors(table: Table) -> str:
    """Valid prediction times."""
    return columns(table["rows"].values(), {
        "system": key("task"), "method": key("name"), "parameters": key("parameters", ","),
        "operations": key("flops", ",.0f"),
        "one-step error": lambda r: f"{sum(r['one_step']) / len(r['one_step']):.1e}",
        "valid time, median": key("vpt_median", ".2f"),
        "mean, 95 % interval": lambda r: "{value:.2f} [{low:.2f}, {high:.2f}]".format(**r["vpt"]), "n": key("n"),
    })  # fmt: skip


@shows("predictors/attractors")
def attractors(table: Table) -> str:
    """Medians over attractors, each method, by part."""
    rows = [{"part": part, "method": name, **row} for part, methods in table["summary"].items()
            for name, row in sorted(methods.items(), key=lambda item: -item[1]["vpt_median"])]  # fmt: skip
    return columns(rows, {
        "part": key("part"), "method": key("method"), "parameters, median": key("parameters", ",.0f"),
        "valid time, median of systems": key("vpt_median", ".2f"),
        "95 % interval": lambda r: "[{:.2f}, {:.2f}]".format(*r["interval"]),
        "within 5 % of the best": key("near_best", ".0%"), "to the end": key("to_the_end", ".0%"),
        "front": lambda r: "yes" if r["front"] else "", "spectrum": key("spectrum_distance", ".2f"),
        "measure": key("measure_distance", ".2f"),
        "bands of 50 %, 90 % hold": lambda r: "{:.0%}, {:.0%}".format(*r["coverage"]) if r["coverage"] else "–",
        "fit, CPU s": key("fit_seconds", ".0f"), "systems": key("n"),
    })  # fmt: skip


@shows("predictors/ctf")
def ctf(table: Table) -> str:
    """The twelve scores of the Common Task Framework, and what is published on its own data."""
    names = [f"E{number}" for number in range(1, 13)]
    rows = [
        [row["method"], _scored(row["score"]), row["seeds"],
         *(f"{row['scores'][name]:.0f}" for name in names)]
        for row in table["rows"]
    ]  # fmt: skip
    published = ", ".join(f"{name} {score}" for name, score in table["published"].items())
    return markdown(
        ("method", "mean of the twelve", "seeds", *names), rows, f"Published, on the framework's data: {published}."
    )


def _scored(score: Row) -> str:
    return f"{score['value']:.1f}" + ("" if score["low"] is None else f" [{score['low']:.1f}, {score['high']:.1f}]")


@shows("predictors/hankel")
def hankel(table: Table) -> str:
    """What q delays can be at best."""
    return columns(table["rows"], {
        "delays": key("delays"), "stable to a contraction per sample of": key("limit", ".3f"),
        "attractors that contract no faster": key("stable_share", ".0%"),
        "error of a sample": key("error", ".0e"), "at four times the frequency": key("error_harmonic", ".0e"),
        "Lyapunov times that this allows": key("valid_at_most", ".1f"),
    })  # fmt: skip


@shows("dynamics/codegen")
def codegen(table: Table) -> str:
    """Ratios to plain lambdify."""
    return columns(table["rows"], {
        "way": key("way"), "states at once": key("batch", ","), "times as fast": key("times_faster", ".3g"),
        "range": lambda r: "[{:.3g}, {:.3g}]".format(*r["range"]), "largest difference": key("largest_gap", ".0e"),
    })  # fmt: skip


@shows("predictors/bars")
def bars(table: Table) -> str:
    """What was wanted of the predictors."""
    return columns(table["bars"], {
        "bar": key("bar"), "what": key("what"), "measured": key("measured", "g"), "wanted": key("wanted"),
        "met": lambda r: "yes" if r["met"] else "**no**",
    })  # fmt: skip


RELATIVE = ("odebench_4", "odebench_10a", "odebench_10b", "gray_scott", "navier_stokes")


def relative(table: Table) -> str:
    """Relative errors of methods, pooled over seeds, with 95 % intervals of the mean."""
    pure = each("purity", ".2f")
    return columns(table["table"], {
        "method": key("method"), "parameters": key("parameters", ","), "seeds": key("seeds"),
        "test, mean": lambda r: mean(r["test_relative_mse"]), "test, median": key("test_median", ".1e"),
        "new, mean": lambda r: mean(r["ood_relative_mse"]), "new, median": key("ood_median", ".1e"),
        "purity": lambda r: pure(r) if min(r["purity"]) > 0.5 else "–", "CPU s": each("cpu_seconds", ".0f"),
    })  # fmt: skip


for name in RELATIVE:
    shows(f"dynamics/{name}_reconstruction", name)(relative)


@shows("dynamics/lotka_volterra_reconstruction")
def lotka_volterra(table: Table) -> str:
    """Mean squared errors of methods, a number for each seed."""
    return columns(table["table"], {
        "method": key("method"), "parameters": key("parameters", ","), "MSE in distribution": each("test_mse", ".1e"),
        "MSE on new systems": each("ood_mse", ".1e"), "loss spikes": each("spikes", ".0f"),
        "CPU s": each("cpu_seconds", ".0f"),
    })  # fmt: skip


@shows("dynamics/whole_run")
def whole_run(table: Table) -> str:
    """How long the whole command took."""
    return columns(table["rows"], {
        "seed": key("seed"), "wall, s": key("wall_seconds", "g"), "processor, s": key("cpu_seconds", "g"),
        "load of the machine before": key("load_before", "g"),
        "test, relative MSE": lambda r: mean(r["relative_mse"]["test"]),
        "new, relative MSE": lambda r: mean(r["relative_mse"]["ood"]),
    })  # fmt: skip


@shows("dynamics/regularised")
def regularised(table: Table) -> str:
    """Evaluations and errors with and without regularisers."""
    return columns(table["summary"], {
        "task": key("task"), "regulariser": key("kind"), "coefficient": key("coefficient", "g"), "seeds": key("seeds"),
        "evaluations": lambda r: f"{r.get('nfe', r.get('test_nfe')):.1f}", "ratio": key("nfe_ratio", ".2f"),
        "error": _wrong, "training, CPU s": key("train_seconds", ".1f"),
    })  # fmt: skip


def _wrong(row: Row) -> str:
    if "accuracy" in row:
        return f"{1 - row['accuracy']:.3f} of points wrong"
    return f"{row['test']:.1e} (relative MSE)"


@shows("dynamics/hidden_terms")
def hidden_terms(table: Table) -> str:
    """How often the hidden product is found."""
    return columns(table["summary"], {
        "hidden": key("case"), "noise": key("noise", ".0%"), "method": key("method"),
        "β within 10 %": lambda r: success(r["near"]), "these terms and no other": lambda r: success(r["right_terms"]),
        "error of β, median": key("error_median", ".1%"), "largest": key("error_largest", ".0%"),
        "β in the 95 % interval": lambda r: success(r["covered"]),
    })  # fmt: skip


@shows("dynamics/hidden_terms")
def hidden_terms_seconds(table: Table) -> str:
    """Seconds of one core for a system."""
    return "{:.1f} s".format(max(row["cpu_seconds"] for row in table["summary"] if row["covered"]))


@shows("dynamics/prose")
def prose(table: Table) -> str:
    """What the equation is worth, at equal updates and equal seconds."""
    return columns(table["rows"], {
        "sees": lambda r: "points and equation" if r["inputs"] == "fusion" else "points", "seed": key("seed"),
        "updates": key("steps", ","), "CPU s": key("fit_cpu_seconds", ".0f"), "weights": key("parameters", ","),
        "relative L2": lambda r: "{value:.3f} [{low:.3f}, {high:.3f}]".format(**r["relative_l2"]),
        "says an equation": lambda r: success(r["parsed"]) if r["inputs"] == "fusion" else "–",
        "error of its slopes": lambda r: "–" if r["equation_error"]["value"] is None
        else "{value:.2f} [{low:.2f}, {high:.2f}]".format(**r["equation_error"]),
    })  # fmt: skip


@shows("dynamics/step_cost")
def step_cost(table: Table) -> str:
    """What several experts cost in a step, by width."""
    cells = {"width": key("width")}
    for name in table["rows"][0]["ratio"]:
        cells[f"{name}: least, median"] = lambda r, n=name: "{min:.2f}, {median:.2f}".format(**r["ratio"][n])
    return columns(table["rows"], cells)


@shows("dynamics/steps")
def steps(table: Table) -> str:
    """The error of the truth itself by Runge–Kutta steps between two samples, by system."""
    rows = [row for row in table["rows"] if "rk4, 2" in row["errors"]]
    cells = {"system": key("system")}
    for name in rows[0]["errors"]:
        cells[name.removeprefix("rk4, ")] = lambda r, n=name: _lost(r["errors"][n])
    return columns(rows, cells)


@shows("dynamics/steps")
def steps_fields(table: Table) -> str:
    """The same for fields, with evaluations of the right-hand side."""
    rows = []
    for row in table["rows"]:
        for name, error in row["errors"].items() if "rk4, 2" not in row["errors"] else ():
            solver, count = name.split(", ")
            number, _, stages = count.partition(" of ")
            rows.append([row["system"], solver, number, int(number) * int(stages or 4), _lost(error)])
    return markdown(("system", "solver", "steps", "evaluations", "error"), rows)


def _lost(error: float | None) -> str:
    return "lost" if error is None else f"{error:.1e}"
