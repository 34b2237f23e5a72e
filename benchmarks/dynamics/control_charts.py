"""Clustering of time series by what generates them: synthetic control charts, hierarchical shPLRNN, no labels used.

    python benchmarks/dynamics/control_charts.py        # writes control_charts.json beside this file

The charts are those of Alcock & Manolopoulos (1999, "Time-series similarity queries employing a feature-based
approach"): m = 30, s = 2, 60 samples, six classes of 100. Each series is an environment; its delay vectors are the
states. Contexts are clustered by k-means into six; the baseline is k-means on the series themselves.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.experiments.record import write_result
from simplatform.plugin_host.host import get_host
from simplatform.policies.dynamics.reconstruction.gate import kmeans, purity
from simplatform.runs.checkpoint import build_policy

Array = NDArray[np.float64]
CLASSES = ("normal", "cyclic", "increasing", "decreasing", "upward shift", "downward shift")
SAMPLES, EACH, DELAYS, SEEDS = 60, 100, 8, (0, 1, 2)


def chart(kind: int, random: np.random.Generator) -> Array:
    """Return one series ``(60,)`` of a class: y(t) = m + r s, plus a cycle, a trend or a shift."""
    t = np.arange(1, SAMPLES + 1)
    y = 30 + 2 * random.uniform(-3, 3, SAMPLES)
    if kind == 1:
        y += random.uniform(10, 15) * np.sin(2 * np.pi * t / random.uniform(10, 15))
    elif kind in (2, 3):
        y += (1 if kind == 2 else -1) * random.uniform(0.2, 0.5) * t
    elif kind in (4, 5):
        after = t >= random.uniform(SAMPLES / 3, 2 * SAMPLES / 3)
        y += (1 if kind == 4 else -1) * random.uniform(7.5, 20) * after
    return y


def charts(seed: int) -> tuple[Array, NDArray[np.int64]]:
    """Return all series ``(600, 60)``, standardised per time index across series, and their classes."""
    random = np.random.default_rng(seed)
    kinds = np.repeat(np.arange(len(CLASSES)), EACH)
    series = np.stack([chart(int(kind), random) for kind in kinds])
    return (series - series.mean(0)) / series.std(0), kinds


def demonstrations(series: Array) -> Demonstrations:
    """Return one episode for every series: its delay vectors, shown and asked for."""
    windows = np.lib.stride_tricks.sliding_window_view(series, DELAYS, axis=1)
    times, episodes = np.arange(windows.shape[1], dtype=float), []
    for number, path in enumerate(windows):
        seen = {"support": path[None], "initial": path[0], "times": times}
        both = {key: np.stack([value, value]) for key, value in seen.items()}
        episodes.append(Episode(both, path[None].copy(), {"environment": np.array([float(number)])}))
    return Demonstrations(episodes)


def adjusted_rand(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Return the adjusted Rand index (Hubert & Arabie, 1985): 1 for equal partitions, 0 on average by chance."""
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)

    def pairs(counts: Array) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns = pairs(table), pairs(table.sum(1)), pairs(table.sum(0))
    chance = rows * columns / (len(a) * (len(a) - 1) / 2)
    return (both - chance) / ((rows + columns) / 2 - chance)


def best_kmeans(points: Array, seed: int, starts: int = 20) -> NDArray[np.int64]:
    """Return the k-means partition of least inertia out of several starts."""
    random, found = np.random.default_rng(seed), []
    for _ in range(starts):
        labels = kmeans(points, len(CLASSES), random, iterations=200)
        centres = np.stack([points[labels == k].mean(0) for k in range(len(CLASSES))])
        found.append((float(((points - centres[labels]) ** 2).sum()), labels))
    return min(found, key=lambda item: item[0])[1]


def run(seed: int) -> dict[str, Any]:
    """Fit contexts to all series and compare partitions with the classes."""
    series, kinds = charts(seed)
    data = demonstrations(series)
    settings = {"context": 10, "width": 32, "steps": 400, "length": 8, "windows": 16, "finish": 0, "refine": 0,
                "lr": 5e-3, "context_lr": 3e-2}  # fmt: skip
    shape = data[0].observations["support"].shape[1:]
    signature = Signature({"support": shape, "initial": shape[-1:], "times": shape[1:2]}, shape[1:])
    config = get_host().registry("policy").get("shplrnn").load_config()(**settings)
    policy: Any = build_policy("shplrnn", config, signature, seed)
    start, losses = time.process_time(), []
    policy.fit(data, validation=Demonstrations([]), progress=lambda step, total, **m: losses.append(m["loss"]))
    rows = {"contexts": policy.contexts.numpy(), "series": series}
    row: dict[str, Any] = {"seed": seed, "settings": settings, "loss": [losses[0], losses[-1]]}
    row["cpu_seconds"] = time.process_time() - start
    for name, points in rows.items():
        labels = best_kmeans(points, seed)
        row[name] = {"purity": purity(labels, kinds), "adjusted_rand": adjusted_rand(labels, kinds)}
    print(row, flush=True)
    return row


def main() -> None:
    """Run all seeds and write."""
    torch.set_num_threads(1)
    rows = [run(seed) for seed in SEEDS]
    mean = {name: {key: float(np.mean([row[name][key] for row in rows])) for key in rows[0][name]}
            for name in ("contexts", "series")}  # fmt: skip
    missing = {"n": "one clustering a seed", "interval": "every seed stands in the rows"}
    table = {"classes": CLASSES, "mean": mean, "rows": rows}
    write_result(Path(__file__).with_suffix(".json"), table, missing=missing)


if __name__ == "__main__":
    main()
