"""The eleven bars of the StNN specification, read from the committed results: measured, wanted, met or not.

    python benchmarks/predictors/bars.py

Reads ``table.json``, ``fft.json``, ``lotka_volterra.json`` and ``leads.json`` beside itself; writes ``bars.json``, and
the figure ``counts.png`` of valid prediction time against parameters and operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.experiments.record import write_result
from simplatform.runs.files import read_json

HERE = Path(__file__).parent
COLOURS = {"stnn": "#d1495b", "mlp": "#1f3a5f", "dense-twin": "#8a6fb0", "sindy": "#1f9e64", "hankel-dmd": "#c78a1b"}

OTHERS = "bars over table.json, leads.json, lotka_volterra.json and fft.json, which hold it"


def main() -> None:
    """Write the bars and the figure."""
    rows = read_json(HERE / "table.json")["rows"]
    found = [
        {"bar": n, "what": what, "measured": value, "wanted": wanted, "met": met}
        for n, what, value, wanted, met in bars(rows)
    ]
    for bar in found:
        print(bar)
    write_result(HERE / "bars.json", {"bars": found}, missing=dict.fromkeys(("seeds", "n", "interval"), OTHERS))
    draw([row for row in rows.values() if row["task"] == "lorenz"])


def bars(rows: dict[str, Any]) -> Iterator[tuple[str, str, float, str, bool]]:
    """Yield every bar that the results at hand decide. (1 and 2 are tests: ``tests/policies/structured``.)"""
    lorenz = {row["name"]: row for row in rows.values() if row["task"] == "lorenz"}
    yield from on_lorenz(lorenz)
    leads = read_json(HERE / "leads.json") if (HERE / "leads.json").exists() else {}
    if "hankel" in leads:
        yield from on_leads(leads)
    if (HERE / "lotka_volterra.json").exists():
        table = read_json(HERE / "lotka_volterra.json")
        yield at_most("9", "Lotka-Volterra, dt 0.05: largest test MSE of three seeds", max(table["test_mse"]), 5e-3)
        yield at_most("9", "its parameters, heads of ten environments included", max(table["parameters"]), 2000)
    if (HERE / "fft.json").exists():
        yield from on_transforms(read_json(HERE / "fft.json")["rows"])
    for task, case, least in (("lorenz-noisy", "1 % noise", 0.7), ("lorenz-x", "x only", 0.75)):
        yield from on_hard_case({row["name"]: row for row in rows.values() if row["task"] == task}, case, least)


def on_lorenz(rows: dict[str, Any]) -> Iterator[tuple[str, str, float, str, bool]]:
    """Yield bars 3 to 7."""
    small, mlp = rows["stnn"], rows["mlp"]
    twin = dense_twin_of(32)
    yield at_least(
        "3", "parameters of the dense twin over StNN's, q = 32", twin[0] / rows["stnn q32"]["parameters"], 10
    )
    yield at_least("3", "operations of the dense twin over StNN's, q = 32", twin[1] / rows["stnn q32"]["flops"], 2.5)
    yield at_least("4", "parameters of the best MLP over StNN's", mlp["parameters"] / small["parameters"], 15)
    yield at_least("4", "operations of the best MLP over StNN's", mlp["flops"] / small["flops"], 4)
    yield at_most("4", "one-step error against the best MLP's", step(small) / step(mlp), 3)
    yield at_least("4", "VPT against the best MLP's", vpt(small) / vpt(mlp), 0.9)
    equal = rows["mlp, as many parameters"]
    yield at_least("5", "one-step error of the MLP with as many parameters over StNN's", step(equal) / step(small), 20)
    yield at_least("5", "VPT against that MLP's", vpt(small) / vpt(equal), 1.4)
    for name in ("hankel-dmd", "havok"):
        yield at_least("6", f"VPT against that of {name}", vpt(small) / vpt(rows[name]), 10)
        ratio = rows[name]["error_100_median"] / small["error_100_median"]
        yield at_least("6", f"error after 100 steps of {name} over StNN's", ratio, 100)
    yield at_least("7", "VPT against SINDy's", vpt(small) / vpt(rows["sindy"]), 1)


def on_hard_case(rows: dict[str, Any], case: str, least: float) -> Iterator[tuple[str, str, float, str, bool]]:
    """Yield bar 11 of one case, and what the issue asks beyond it, for every structured predictor that was run."""
    for name in ("stnn", "stnn-latent"):
        if not {name, "mlp"} <= set(rows):
            continue
        yield at_least("11", f"{case}, {name}: VPT against the MLP's", vpt(rows[name]) / vpt(rows["mlp"]), least)
        if "havok" in rows:
            yield at_least("11", f"{case}, {name}: VPT against HAVOK's", vpt(rows[name]) / vpt(rows["havok"]), 5)
        ratio = fewer(rows[name], rows["mlp"])
        yield at_least("11+", f"{case}, {name}: the MLP's parameters over StNN's, at its VPT", ratio, 10)


def on_leads(table: dict[str, Any]) -> Iterator[tuple[str, str, float, str, bool]]:
    """Yield bar 8."""
    dense, hankel = table["dense"], table["hankel"]
    ratio = float(np.mean(hankel["mse"]) / np.mean(dense["mse"]))
    yield at_most("8", "LEADS: MSE with Hankel layers against dense ones", ratio, 1.25)
    yield at_least("8", "LEADS: parameters, dense over Hankel", dense["parameters"] / hankel["parameters"], 10)
    yield at_least("8", "LEADS: operations, dense over Hankel", dense["flops"] / hankel["flops"], 1.5)


def on_transforms(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str, float, str, bool]]:
    """Yield bar 10."""
    large = [row for row in rows if row["batch"] == 64 and row["n"] >= 512]
    longest = [row for row in rows if row["n"] == 4096]
    yield at_least(
        "10", "transforms against dense products, batch 64, n from 512: least gain", min(r["gain"] for r in large), 1
    )
    yield at_least("10", "transforms against dense products, n = 4096: least gain", min(r["gain"] for r in longest), 10)
    worst = max(row["auto_against_dense"] for row in rows)
    yield at_most("10", "time of the automatic choice against dense: worst", worst, 1.1)


def dense_twin_of(q: int) -> tuple[int, float]:
    """Return parameters and operations of the dense twin at a window length."""
    from simplatform.contracts import Signature
    from simplatform.policies.dynamics.prediction.dense_twin import DenseTwin, DenseTwinConfig

    counts = DenseTwin(DenseTwinConfig(delays=q), Signature({"window": (q, 3)}, (3,))).counts()
    return counts.parameters, counts.flops


def vpt(row: dict[str, Any]) -> float:
    """Return the median valid prediction time over all seeds' episodes."""
    return float(row["vpt_median"])


def step(row: dict[str, Any]) -> float:
    """Return the mean one-step error over seeds."""
    return float(np.mean(row["one_step"]))


def fewer(small: dict[str, Any], mlp: dict[str, Any]) -> float:
    """Return how many times fewer parameters the small one has, or 0 where the MLP predicts longer."""
    reached = vpt(small) >= vpt(mlp) * (1 - 1e-9)  # times are whole steps: equal ones differ by rounding
    return mlp["parameters"] / small["parameters"] if reached else 0.0


def at_least(number: str, what: str, value: float, limit: float) -> tuple[str, str, float, str, bool]:
    """Return a bar that wants a large value."""
    return number, what, float(f"{value:.4g}"), f">= {limit:g}", bool(value >= limit)


def at_most(number: str, what: str, value: float, limit: float) -> tuple[str, str, float, str, bool]:
    """Return a bar that wants a small value."""
    return number, what, float(f"{value:.4g}"), f"<= {limit:g}", bool(value <= limit)


def draw(rows: list[dict[str, Any]]) -> None:
    """Draw valid prediction time against parameters and against operations, all methods on it."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    for axis, key in zip(axes, ("parameters", "flops"), strict=True):
        for row in rows:
            colour = COLOURS.get(row["plugin"], "gray")
            spread = [[row["vpt"]["value"] - row["vpt"]["low"]], [row["vpt"]["high"] - row["vpt"]["value"]]]
            axis.errorbar(max(row[key], 1), row["vpt"]["value"], yerr=spread, fmt="o", color=colour, ms=4)
            axis.annotate(
                row["name"],
                (max(row[key], 1), row["vpt"]["value"]),
                fontsize=7,
                xytext=(4, 3),
                textcoords="offset points",
            )
        axis.set_xscale("log")
        axis.set_xlabel({"parameters": "parameters", "flops": "operations per step"}[key])
    axes[0].set_ylabel("valid Lyapunov times")
    figure.tight_layout()
    figure.savefig(HERE / "counts.png", dpi=130)


if __name__ == "__main__":
    main()
