"""Predictors on the attractors of dysts: 12 to develop on, all others only reported.

    python benchmarks/predictors/attractors.py --part development              # resumable: finished rows are kept
    python benchmarks/predictors/attractors.py --part held-out --count 30      # the first 30 of a seeded draw
    python benchmarks/predictors/attractors.py --part held-out --variants "noise 1 %" "one component"
    python benchmarks/predictors/attractors.py --systems Rucklidge --methods nvar

Default recipes, one seed, 20 test starts. A row holds valid prediction time with its interval, parameters, seconds of
the fit, and two long-term statistics of what the predictor says of 2000 steps from four test starts: the Hellinger
distance of power spectra, and the Wasserstein distance of each component's distribution, in units of its spread. The
summary is the share of systems on which a method is within 5 % of the best, the median over systems with a bootstrap
interval, and whether a method is on the front of parameters and error.
"""

from __future__ import annotations

import argparse
import random
import shlex
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attractor_data import VARIANTS, Data, Paths, data, kept
from numpy.typing import NDArray

from simplatform.envs.dynamics.bands import coverage, origins, widths
from simplatform.envs.dynamics.catalogue import catalogue
from simplatform.envs.dynamics.longterm import measure_distance, spectrum_distance
from simplatform.errors import SimplatformError
from simplatform.experiments.record import write_result
from simplatform.plugin_host.host import get_host
from simplatform.report.statistics import estimate
from simplatform.runs.files import read_json
from simplatform.runs.provenance import measured_on

HERE = Path(__file__).parent
DEVELOPMENT = (
    "Aizawa", "Arneodo", "BurkeShaw", "ChenLee", "Dadras", "GenesioTesi", "Hadley", "HyperRossler", "NoseHoover",
    "QiChen", "RabinovichFabrikant", "SprottB",
)  # fmt: skip
"""Systems that settings may be chosen on; of all others only results are read."""
DRAW = 20
"""Seed of the order in which the other systems are measured, fixed before any of them was."""
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "persistence": ("persistence", {}),
    "context-parroting": ("context-parroting", {}),
    "nvar": ("nvar", {}),
    "reservoir": ("reservoir", {}),
    "gaussian process": ("gaussian-process", {}),
    "lstm": ("lstm", {}),
    "sindy": ("sindy", {}),
    "stnn": ("stnn", {}),
    "stnn, searched": ("stnn", {"search": True}),
    "gated field": ("gated-field", {}),
    "dense twin": ("dense-twin", {}),
}
NEAR, THRESHOLD, LONG = 0.95, 0.4, 4
BANDED, ORIGINS = 50, 100
Array = NDArray[np.float64]
Row = dict[str, Any]


def main() -> None:
    """Measure what is missing; write the results after every system."""
    options = _options()
    torch.set_num_threads(1)
    for system in options.systems or part(options.part)[: options.count]:
        table = read_json(options.json) if options.json.exists() else {"rows": {}}
        missing = [(v, m) for v in options.variants for m in options.methods if _key(system, v, m) not in table["rows"]]
        if not missing:
            continue
        found, fresh = kept(system, options.seed, options.starts, options.cache), dict[str, Row]()
        for variant, name in missing:
            fresh[_key(system, variant, name)] = measured(found, variant, name, options.seed)
        table = read_json(options.json) if options.json.exists() else {"rows": {}}  # another process may have written
        table["rows"].update(fresh)
        table |= {"summary": summaries(table["rows"]), "draw": drawn(table["rows"])}
        command = shlex.join(["python", "benchmarks/predictors/attractors.py", "--part", options.part])
        write_result(options.json, table, measured={**measured_on(), "command": command})


def part(name: str) -> list[str]:
    """Return the systems of a part; those held out in an order that was drawn before any was measured."""
    if name == "development":
        return list(DEVELOPMENT)
    others = [other for other in catalogue() if other not in DEVELOPMENT]
    random.Random(DRAW).shuffle(others)
    return others


def drawn(rows: dict[str, Row]) -> dict[str, Any]:
    """Return which of the systems held out are measured, in the order of the draw, and their places in it."""
    order, there = part("held-out"), {row["system"] for row in rows.values()}
    places = [place for place, system in enumerate(order, 1) if system in there]
    return {"seed": DRAW, "measured": [order[p - 1] for p in places], "of": len(order), "places": places}


def measured(found: Paths, variant: str, name: str, seed: int) -> Row:
    """Fit one method to one system and forecast from every test start; a fit that fails is a row that says why."""
    plugin, settings = METHODS[name]
    row: Row = {"system": found.name, "variant": variant, "method": name, "seed": seed,
                "part": "development" if found.name in DEVELOPMENT else "held-out"}  # fmt: skip
    seen = data(found, VARIANTS[variant], seed)
    entry = get_host().registry("policy").get(plugin)
    start = time.process_time()
    try:
        torch.manual_seed(seed)
        policy = entry.load()(entry.load_config()(**settings), seen.signature)
        if hasattr(policy, "fit"):
            policy.fit(seen.train, validation=seen.validation, progress=lambda step, total, **metrics: None)
    except SimplatformError as error:
        return {**row, "failure": str(error)[:300]}
    seconds = time.process_time() - start
    with torch.no_grad():
        said = policy.rollout(seen.windows[:, -policy.delays :], seen.truth.shape[1]).numpy()
    times = valid_times(said, seen)
    row |= {
        "vpt": estimate(times.tolist(), "mean").to_json(), "vpt_median": float(np.median(times)), "n": len(times),
        "ceiling": seen.truth.shape[1] * seen.dt * seen.lyapunov, "parameters": policy.counts().parameters,
        "fit_seconds": seconds,
        "spectrum_distance": _mean(spectrum_distance, said, seen),
        "measure_distance": _mean(measure_distance, said, seen), "coverage": covered(policy, seen, said),
    }  # fmt: skip
    print(found.name, variant, name, round(row["vpt_median"], 2), row["parameters"], round(seconds, 1), flush=True)
    return row


@torch.no_grad()
def covered(policy: Any, seen: Data, said: Array) -> list[float]:
    """Return how often conformal 50 % and 90 % bands from validation data hold the first 50 steps of test forecasts."""
    path = np.concatenate([seen.validation[0].observations["window"][0], seen.validation[0].actions])
    windows, truth = origins(path, seen.signature.observation["window"][0], BANDED, ORIGINS)
    held = policy.rollout(torch.as_tensor(np.ascontiguousarray(windows))[:, -policy.delays :], BANDED).numpy()
    half = widths(np.nan_to_num(held, nan=1e300), truth)
    return coverage(np.nan_to_num(said[:, :BANDED], nan=1e301), seen.truth[:, :BANDED], half)


def valid_times(said: Array, seen: Data) -> Array:
    """Return, of each start, how long the error stays at or below 0.4, in Lyapunov times."""
    with np.errstate(all="ignore"):
        error = np.sqrt(np.mean(np.square((said - seen.truth) / seen.scale), axis=2))
    lost = ~(error <= THRESHOLD)
    steps = np.where(lost.any(1), lost.argmax(1), said.shape[1])
    return np.asarray(steps * seen.dt * seen.lyapunov, float)


def summaries(rows: dict[str, Row]) -> dict[str, Any]:
    """Return the summary of every part and variant."""
    pairs = sorted({(row["part"], row["variant"]) for row in rows.values()})
    return {f"{part}, {variant}": summary(rows, part, variant) for part, variant in pairs}


def summary(rows: dict[str, Row], part: str, variant: str) -> dict[str, Any]:
    """Return, by method: medians over systems, and the share of systems where it is within 5 % of the best.

    Only systems that every method of that part was measured on count. A method is on the front where no other has
    both fewer parameters and a longer valid time, in the medians.
    """
    mine = [row for row in rows.values() if (row["part"], row["variant"]) == (part, variant)]
    names = sorted({row["method"] for row in mine})
    systems = [s for s in sorted({row["system"] for row in mine}) if all(_key(s, variant, n) in rows for n in names)]
    if not systems:
        return {}
    table = {name: [rows[_key(s, variant, name)] for s in systems] for name in names}
    values = {name: np.array([row.get("vpt_median", 0.0) for row in found]) for name, found in table.items()}
    best = np.max(list(values.values()), axis=0)
    ends = np.array([max(row.get("ceiling", 0.0) for row in column) for column in zip(*table.values(), strict=True)])
    said: dict[str, Any] = {}
    for name, found in table.items():
        fitted = [row for row in found if "failure" not in row]
        said[name] = {
            "n": len(systems), "vpt_median": float(np.median(values[name])), "interval": _interval(values[name]),
            "near_best": float(np.mean(values[name] >= NEAR * best)), "failed": len(found) - len(fitted),
            "to_the_end": float(np.mean(values[name] >= NEAR * ends)),
            **{key: float(np.median([row[key] for row in fitted])) if fitted else None
               for key in ("parameters", "fit_seconds", "spectrum_distance", "measure_distance")},
            "coverage": _mean_coverage(fitted),
        }  # fmt: skip
    for name, one in said.items():
        one["front"] = not any(
            (other["parameters"] or 0) <= (one["parameters"] or 0) and other["vpt_median"] > one["vpt_median"]
            for key, other in said.items() if key != name
        )  # fmt: skip
    return said


def _mean_coverage(rows: list[Row]) -> list[float] | None:
    """Return how often bands hold on the mean over systems; None where that was not measured."""
    shares = [row["coverage"] for row in rows if "coverage" in row]
    return np.mean(shares, axis=0).tolist() if shares else None


def _interval(values: Array) -> list[float]:
    """Return the 95 % bootstrap interval of a median over systems."""
    draws = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
    return [float(v) for v in np.quantile(np.median(values[draws], axis=1), [0.025, 0.975])]


def _mean(distance: Any, said: Array, seen: Data) -> float:
    return float(np.mean([distance(a, b) for a, b in zip(said[:LONG], seen.truth[:LONG], strict=True)]))


def _key(system: str, variant: str, name: str) -> str:
    return f"{system} / {variant} / {name}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["development", "held-out"], default="development")
    parser.add_argument("--count", type=int, default=1000, help="systems of the part, the first ones")
    parser.add_argument("--systems", nargs="+", choices=list(catalogue()), metavar="NAME")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=["clean"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--cache", type=Path, help="a folder that keeps the integrated trajectories")
    parser.add_argument("--json", type=Path, default=HERE / "attractors.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
