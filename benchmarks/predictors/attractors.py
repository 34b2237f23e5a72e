"""Predictors on the attractors of dysts: 12 to develop on, all others only reported.

    python benchmarks/predictors/attractors.py --part development              # resumable: finished rows are kept
    python benchmarks/predictors/attractors.py --part held-out --methods nvar reservoir stnn
    python benchmarks/predictors/attractors.py --systems Rucklidge --methods nvar

Default recipes, one seed, 20 test starts. A row holds valid prediction time with its interval, parameters, seconds of
the fit, and two long-term statistics of what the predictor says of 2000 steps from its test starts: the Hellinger
distance of power spectra, and the Wasserstein distance of each component's distribution, in units of its spread. The
summary is the share of systems on which a method is within 5 % of the best, and the median over systems.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

import simplatform as sp
from simplatform.demonstrations import Demonstrations
from simplatform.envs.dynamics.catalogue import catalogue
from simplatform.errors import SimplatformError
from simplatform.experiments.record import write_result
from simplatform.policies.dynamics.prediction.base import delay_pairs
from simplatform.recipes import resolve
from simplatform.report.statistics import estimate
from simplatform.runs.episodes import read_rows
from simplatform.runs.files import read_json
from simplatform.runs.provenance import measured_on

HERE = Path(__file__).parent
DEVELOPMENT = (
    "Aizawa", "Arneodo", "BurkeShaw", "ChenLee", "Dadras", "GenesioTesi", "Hadley", "HyperRossler", "NoseHoover",
    "QiChen", "RabinovichFabrikant", "SprottB",
)  # fmt: skip
"""Systems that settings may be chosen on; of all others only results are read."""
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "persistence": ("persistence", {}),
    "context-parroting": ("context-parroting", {}),
    "nvar": ("nvar", {}),
    "reservoir": ("reservoir", {}),
    "sindy": ("sindy", {}),
    "stnn": ("stnn", {}),
    "dense twin": ("dense-twin", {}),
}
NEAR, LONG, SMOOTH = 0.95, 2000, 20
Array = NDArray[np.float64]


def main() -> None:
    """Measure what is missing; write the results after every row."""
    options = _options()
    path = options.json
    for system in options.systems or _part(options.part):
        for name in options.methods:
            table = read_json(path) if path.exists() else {"rows": {}}
            if f"{system} / {name}" in table["rows"]:
                continue
            table["rows"][f"{system} / {name}"] = measured(system, name, options)
            table["summary"] = {part: summary(table["rows"], part) for part in ("development", "held-out")}
            command = shlex.join(["python", "benchmarks/predictors/attractors.py", *sys.argv[1:]])
            write_result(path, table, measured={**measured_on(), "command": command})


def measured(system: str, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one method on one system; a run that fails is a row that says why."""
    plugin, settings = METHODS[name]
    row: dict[str, Any] = {"system": system, "method": name, "seed": options.seed,
                           "part": "development" if system in DEVELOPMENT else "held-out"}  # fmt: skip
    settings = {**settings, "task.episodes": options.episodes, "task.record": 0, "task.opponents": False}
    try:
        run = sp.run(plugin, f"dysts/{system}", options.seed, settings=settings, output=options.output, device="cpu")
    except SimplatformError as error:
        return {**row, "failure": str(error)[:300]}
    rows = [r for r in read_rows(run.path / "eval" / "episodes.parquet") if r["split"] == "test"]
    times = [float(r["valid_prediction_time"]) for r in rows]
    policy: Any = sp.load(run.best)
    found = {
        **row, "vpt": estimate(times, "mean").to_json(), "vpt_median": float(np.median(times)), "n": len(times),
        "parameters": policy.counts().parameters, "fit_seconds": run.summary["times"].get("fit"),
        **long_term(policy, _test_paths(plugin, system, settings, options.seed)),
    }  # fmt: skip
    print(system, name, round(found["vpt_median"], 2), found["parameters"], flush=True)
    return found


@torch.no_grad()
def long_term(policy: Any, paths: list[Array]) -> dict[str, float | None]:
    """Return distances of what is said of the whole of test paths ``(T, d)`` from what they are; None where it is lost.

    Both are means over components and paths.
    """
    windows = torch.as_tensor(np.stack([path[: policy.delays] for path in paths]))
    steps = min(LONG, *(len(path) - policy.delays for path in paths))
    said = policy.rollout(windows, steps).numpy()
    spectra, measures = [], []
    for answer, path in zip(said, paths, strict=True):
        truth = path[policy.delays :][:steps]
        if not np.isfinite(answer).all() or np.abs(answer).max() > 1e3 * np.abs(truth).max():
            return {"spectrum_hellinger": None, "measure_wasserstein": None}
        for a, b in zip(answer.T, truth.T, strict=True):
            spectra.append(_hellinger(_spectrum(a), _spectrum(b)))
            measures.append(wasserstein_distance(a, b) / max(float(b.std()), 1e-300))
    return {"spectrum_hellinger": float(np.mean(spectra)), "measure_wasserstein": float(np.mean(measures))}


def summary(rows: dict[str, Any], part: str) -> dict[str, Any]:
    """Return, by method, the median over systems, and the share of systems where it is within 5 % of the best.

    Only systems that every method of the table was measured on count.
    """
    mine = [row for row in rows.values() if row["part"] == part]
    names = sorted({row["method"] for row in mine})
    systems = sorted({row["system"] for row in mine})
    whole = [s for s in systems if all(f"{s} / {name}" in rows for name in names)]
    values = {name: [rows[f"{s} / {name}"].get("vpt_median", 0.0) for s in whole] for name in names}
    best = [max(values[name][i] for name in names) for i in range(len(whole))]
    near = {name: sum(v >= NEAR * top for v, top in zip(values[name], best, strict=True)) for name in names}
    return {
        name: {"systems": len(whole), "median": float(np.median(values[name])), "near_best": near[name]}
        for name in names if whole
    }  # fmt: skip


def _test_paths(plugin: str, system: str, settings: dict[str, Any], seed: int) -> list[Array]:
    """Return four test paths, as they are measured."""
    from simplatform.pipeline.collect import collect

    recipe = resolve(plugin, f"dysts/{system}", seed, settings)
    found = collect(recipe.task, count=4, seed=seed, split="test", workers=1).demonstrations
    width = found[0].observations["window"].shape[1]
    pairs = [delay_pairs(Demonstrations([episode]), width) for episode in found]
    return [np.concatenate([windows[0].numpy(), following.numpy()]) for windows, following in pairs]


def _spectrum(values: Array) -> Array:
    """Return a smoothed power spectrum that sums to one."""
    power = np.abs(np.fft.rfft((values - values.mean()) * np.hanning(len(values)))) ** 2
    smooth = np.convolve(power, np.ones(SMOOTH) / SMOOTH, "same")
    return np.asarray(smooth / max(smooth.sum(), 1e-300), float)


def _hellinger(p: Array, q: Array) -> float:
    return float(np.sqrt(max(0.0, 1 - float(np.sqrt(p * q).sum()))))


def _part(part: str) -> list[str]:
    if part == "development":
        return list(DEVELOPMENT)
    return [name for name in catalogue() if name not in DEVELOPMENT]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["development", "held-out"], default="development")
    parser.add_argument("--systems", nargs="+", choices=list(catalogue()), metavar="NAME")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--output", type=Path, default=Path("runs"))
    parser.add_argument("--json", type=Path, default=HERE / "attractors.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
