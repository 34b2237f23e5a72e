"""Error against network evaluations of every sampler, on a mixture of Gaussians whose score is analytic.

python benchmarks/samplers/error.py        # writes error.json and error.png beside this file

``dpm-v3`` has its statistics, and ``usf`` one schedule per budget, from noise that is not in the test.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))

from mixture import MEANS, PATH, denoiser, noise, reference  # noqa: E402

from simplatform.errors import SolverError  # noqa: E402
from simplatform.experiments.record import write_result  # noqa: E402
from simplatform.policies.samplers import DPMSolverV3, Sampler, Scheduled, Statistics, get_sampler, sampler_names  # noqa: E402
from simplatform.policies.samplers.search import search  # noqa: E402

BUDGETS = (3, 4, 5, 6, 8, 10, 12, 16, 20, 30, 40, 60, 80)
NAMES = [
    *(name for name in sampler_names() if name != "rf-solver"),
    "dpm-v3",
    "usf",
    "euler",
    "midpoint",
    "heun",
    "rk4",
]
SEARCHED = 12
"""Budgets above this have no searched schedule: regular ones are good enough there."""
TICKS = (2, 5, 10, 20, 40, 80)
COUNT = 1000


def errors(name: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"budget": [], "nfe": [], "rms": [], "median": []}
    for budget in BUDGETS:
        model = denoiser(PATH, budget=budget)
        try:
            sampler = fitted(name, budget)
            distance = (sampler.generate(model, noise(COUNT), budget) - reference(PATH, COUNT)).norm(dim=1)
        except SolverError:
            continue
        found["budget"].append(budget)
        found["nfe"].append(model.nfe)
        found["rms"].append(float(distance.square().mean().sqrt()))
        found["median"].append(float(distance.median()))
    return found


@cache
def statistics() -> Statistics:
    return Statistics.measure(denoiser(PATH), noise(COUNT + 2000)[COUNT:], nodes=150)


def fitted(name: str, budget: int) -> Sampler:
    """Return a sampler; those that are fitted to the model have seen other noise than the test's."""
    if name == "dpm-v3":
        return DPMSolverV3(statistics())
    if name != "usf":
        return get_sampler(name)
    if budget > SEARCHED:
        raise SolverError("not searched")
    wanted = reference(PATH, COUNT + 400)[COUNT:]
    return Scheduled(search(lambda: denoiser(PATH), noise(COUNT + 400)[COUNT:], wanted, budget, candidates=400)[0])


def draw(results: dict[str, dict[str, list[float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), sharex=True, layout="constrained")
    for axis, key in zip(axes, ("rms", "median"), strict=True):
        for index, (name, found) in enumerate(results.items()):
            axis.loglog(found["nfe"], found[key], "o-" if index < 10 else "s--", ms=3, lw=1, label=name)
        axis.set(xlabel="network evaluations", ylabel=f"{key} error of a sample (unit of the data)")
        axis.minorticks_off()
        axis.set_xticks(TICKS, [str(tick) for tick in TICKS])
        axis.grid(alpha=0.3, which="both")
    axes[1].legend(fontsize=7, ncols=2)
    figure.savefig(path, dpi=120)


def main() -> None:
    torch.set_num_threads(1)
    results = {name: errors(name) for name in NAMES}
    folder = Path(__file__).parent
    about = {
        "problem": f"{len(MEANS)} Gaussians in the plane, float64, linear VP, t 1 to 0.02; truth by DOP853 at 1e-11",
        "samples": COUNT,
        "seed": 0,
        "results": results,
    }
    write_result(folder / "error.json", about, missing={"interval": "the root mean square over all samples"})
    draw(results, folder / "error.png")
    for name, found in results.items():
        print(f"{name:10s}", *(f"{n}:{e:.4f}" for n, e in zip(found["nfe"], found["rms"], strict=True)))


if __name__ == "__main__":
    main()
