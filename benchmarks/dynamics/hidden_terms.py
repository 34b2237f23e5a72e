"""UPINN on Lotka-Volterra with hidden terms, against SINDy with smoothing on the same points.

    python benchmarks/dynamics/hidden_terms.py [--seeds 20]

Each seed draws β and δ from [0.5, 1], a start from [1, 2]², and 12 points over 10 units of time with noise, in shares
of each component's spread. Known are alpha, delta and gamma; hidden is -βxy alone, or both products. β counts as found
within 10 %, terms as right where the hidden products, and no other, are there. SINDy's states and slopes are smoothed
as PySINDy does it (Savitzky-Golay, 5 points, cubic); it is given the known terms as well ("told"), or finds all of the
right-hand side; its threshold is the best of five in hindsight, for each measure. Default settings of `upinn`.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pysindy
import torch
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from simplatform.contracts import Signature
from simplatform.experiments.record import write_result
from simplatform.policies.dynamics.polynomials import monomials
from simplatform.policies.dynamics.upinn.policy import UPINN, UPINNConfig
from simplatform.policies.dynamics.upinn.training import Samples
from simplatform.report.statistics import estimate
from simplatform.runs.provenance import measured_on

JSON = Path(__file__).with_suffix(".json")
CASES = {
    "one product hidden": ["alpha*x", "delta*x*y - gamma*y"],
    "both products hidden": ["alpha*x", "-gamma*y"],
}
NOISES = (0.02, 0.05)
THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.4)
NEAR = 0.1
NAMES = monomials(2, 3).names(["x", "y"])
Array = NDArray[np.float64]
Row = dict[str, Any]


def main() -> None:
    """Measure all seeds and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--json", type=Path, default=JSON)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[Row] = []
    for case in CASES:
        for noise in NOISES:
            drawn = [draw(seed, noise) for seed in range(options.seeds)]
            rows += found(case, noise, drawn)
            rows += [
                sindy(case, noise, seed, one, told=told) for told in (True, False) for seed, one in enumerate(drawn)
            ]
    table = {"rows": rows, "summary": summaries(rows)}
    command = f"python benchmarks/dynamics/hidden_terms.py --seeds {options.seeds}"
    write_result(options.json, table, measured={**measured_on(), "command": command})
    for row in table["summary"]:
        print(row)


def draw(seed: int, noise: float) -> dict[str, Any]:
    """Return β, δ, times ``(12,)``, and noisy states ``(12, 2)``."""
    random = np.random.default_rng([seed, 21])
    beta, delta = random.uniform(0.5, 1, 2)
    times = np.linspace(0, 10, 12)

    def field(_: float, x: Array) -> list[float]:
        return [0.5 * x[0] - beta * x[0] * x[1], delta * x[0] * x[1] - 0.5 * x[1]]

    truth = solve_ivp(field, (0, 10), random.uniform(1, 2, 2), "DOP853", times, rtol=1e-10, atol=1e-10).y.T
    states = truth + noise * truth.std(0) * random.standard_normal(truth.shape)
    return {"beta": float(beta), "delta": float(delta), "times": times, "states": states}


def found(case: str, noise: float, drawn: list[dict[str, Any]]) -> list[Row]:
    """Return what UPINN finds; systems are learned side by side, each by itself."""
    names = {"alpha": 0.5, "delta": 0.0, "gamma": 0.5}
    used = [name for name in names if any(name in text for text in CASES[case])]
    declared = {"states": ["x", "y"], "parameters": used, "equations": CASES[case]}
    torch.manual_seed(0)
    policy = UPINN(UPINNConfig(), Signature({"support": (1, 12, 2)}, (12, 2), {"known": declared}))
    values = [[{**names, "delta": one["delta"]}[name] for name in used] for one in drawn]
    states, times = (torch.as_tensor(np.stack([one[key] for one in drawn])) for key in ("states", "times"))
    begun = time.process_time()
    learned = policy.learn(Samples(states[:, None], times, torch.tensor(values, dtype=torch.float64)))
    seconds = (time.process_time() - begun) / len(drawn)
    rows = []
    for seed, one in enumerate(drawn):
        weights, half = (part[seed].numpy() for part in (learned.formulas.weights, learned.formulas.half))
        row = told_of("upinn", case, noise, seed, one, weights)
        place = NAMES.index("x*y"), 0
        covered = bool(abs(weights[place] + one["beta"]) <= half[place])
        rows.append({**row, "half_width": float(half[place]), "covered": covered, "cpu_seconds": seconds})
    return rows


def sindy(case: str, noise: float, seed: int, one: dict[str, Any], *, told: bool) -> Row:
    """Return the best that SINDy with smoothing finds over its thresholds, in hindsight."""
    states, times = one["states"], one["times"]
    derivative = pysindy.SmoothedFiniteDifference(smoother_kws={"window_length": 5, "polyorder": 3})
    slopes = np.asarray(derivative(states, times))
    smooth = np.asarray(derivative.smoothed_x_)
    if told:
        slopes = slopes - known(case, smooth, one["delta"])
    phi = monomials(2, 3)(torch.as_tensor(smooth)).numpy()
    tried = []
    for threshold in THRESHOLDS:
        fit = pysindy.STLSQ(threshold=threshold, alpha=1e-6).fit(phi, slopes)
        whole = np.asarray(fit.coef_).T
        if not told:
            whole = whole - known_terms(case, one["delta"])
        tried.append(told_of("sindy, told" if told else "sindy", case, noise, seed, one, whole))
    best = min(tried, key=lambda row: row["error"])
    return {**best, "right_terms": any(row["right_terms"] for row in tried)}


def known(case: str, x: Array, delta: float) -> Array:
    """Return the known slopes ``(N, 2)``."""
    second = (delta * x[:, 0] * x[:, 1] if case == "one product hidden" else 0) - 0.5 * x[:, 1]
    return np.stack([0.5 * x[:, 0], second], 1)


def known_terms(case: str, delta: float) -> Array:
    """Return the known coefficients ``(F, 2)``."""
    there = np.zeros((len(NAMES), 2))
    there[NAMES.index("x"), 0], there[NAMES.index("y"), 1] = 0.5, -0.5
    if case == "one product hidden":
        there[NAMES.index("x*y"), 1] = delta
    return there


def told_of(method: str, case: str, noise: float, seed: int, one: dict[str, Any], weights: Array) -> Row:
    """Return whether hidden coefficients ``(F, 2)`` are right."""
    right = np.zeros((len(NAMES), 2))
    right[NAMES.index("x*y")] = -one["beta"], (one["delta"] if case == "both products hidden" else 0.0)
    value = float(weights[NAMES.index("x*y"), 0])
    there = np.abs(weights) > 1e-9
    if method == "sindy":  # a known term that it found is not exactly the known one
        there[[NAMES.index("x"), NAMES.index("y")], [0, 1]] = False
        if case == "one product hidden":
            there[NAMES.index("x*y"), 1] = False
    return {"case": case, "noise": noise, "method": method, "seed": seed, "beta": one["beta"], "found": -value,
            "error": abs(value + one["beta"]) / one["beta"],
            "right_terms": bool((there == (right != 0)).all())}  # fmt: skip


def summaries(rows: list[Row]) -> list[dict[str, Any]]:
    """Return, by case, noise and method: shares with their intervals, and the median error of β."""
    kinds = dict.fromkeys((row["case"], row["noise"], row["method"]) for row in rows)
    return [summary(kind, [r for r in rows if (r["case"], r["noise"], r["method"]) == kind]) for kind in kinds]


def summary(kind: tuple[Any, ...], mine: list[Row]) -> dict[str, Any]:
    """Return one line."""
    covered = [float(row["covered"]) for row in mine if "covered" in row]
    return {
        "case": kind[0], "noise": kind[1], "method": kind[2], "n": len(mine),
        "error_median": float(np.median([row["error"] for row in mine])),
        "error_largest": max(row["error"] for row in mine),
        "near": estimate([float(row["error"] <= NEAR) for row in mine], "rate").to_json(),
        "right_terms": estimate([float(row["right_terms"]) for row in mine], "rate").to_json(),
        "covered": estimate(covered, "rate").to_json() if covered else None,
        "cpu_seconds": mine[0].get("cpu_seconds", math.nan) if covered else None,
    }  # fmt: skip


if __name__ == "__main__":
    main()
