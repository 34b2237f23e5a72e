"""Reconstructors side by side: error in distribution and after adaptation to new systems, purity of routing, CPU time.

    python benchmarks/dynamics/reconstruction.py odebench-10a            # all methods, seeds 0 1 2; resumable
    python benchmarks/dynamics/reconstruction.py lotka-volterra --methods geps coda --seeds 0

Every finished fit is written to <task>.json beside this file at once; what is there is not computed again. Time is the
processor time of this one process on one thread, validation included; evaluation for the trace is not counted.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations
from simplatform.envs.dynamics.forecast import errors
from simplatform.experiments.record import write_result
from simplatform.pipeline.collect import collect
from simplatform.pipeline.start import run_signature
from simplatform.plugin_host.host import get_host
from simplatform.policies.dynamics.reconstruction.gate import purity
from simplatform.policies.dynamics.reconstruction.reconstructor import Reconstructor, episode_batches
from simplatform.recipes import resolve
from simplatform.report.statistics import estimate
from simplatform.runs.checkpoint import build_policy, parameters
from simplatform.runs.files import read_json
from simplatform.runs.provenance import measured_on

HERE = Path(__file__).resolve().parent
MOST = 40
"""Most episodes of a split that are scored: every k-th one, so that all families are among them."""
FIELDS = ("gray-scott", "navier-stokes")
COUNTED = ("spikes", "diverged", "restored", "undone", "gate_updates", "gate_skipped", "validation_diverged")
SPLITS = ("train", "validation", "test", "ood")

FIXED = {"resolve": 0.0}
"""Equal steps for all methods, so that equal time is equal work, where a row does not say otherwise."""
LV: dict[str, tuple[str, dict[str, Any]]] = {
    "geps": ("geps", {}),
    "coda": ("coda", {}),
    "ncf": ("ncf", {}),
    "ncf order 2": ("ncf", {"order": 2, "pool": 3}),
    "mixer, 3 experts": ("mixer", {"experts": 3}),
    "mixer, shared trunk": ("mixer", {"experts": 3, "expert": "trunk"}),
    "moe-softmax": ("moe-softmax", {"experts": 3, "width": 36}),
    "leads": ("leads", {"width": 32}),
    "leads, hankel": ("leads", {"width": 64, "layers": "hankel"}),
    "neural-ode": ("neural-ode", {"finish": 100, "refine": 10}),
}
# Steps for about equal processor time, validation included: a minute for each method on 10A, two on 10B.
SMALL = {"steps": 500, "windows": 32, "finish": 300, "refine": 25}
FEW = {"steps": 500, "windows": 32, "finish": 400, "finish_windows": 48, "refine": 25}
WIDE = {**FEW, "steps": 300, "finish": 125, "refine": 8}
DENSE = {**FEW, "steps": 120, "finish": 50, "refine": 2}
MANY = {"steps": 500, "windows": 16, "finish": 300, "finish_windows": 32, "refine": 12}
BROAD = {**MANY, "steps": 250, "finish": 75, "refine": 3}
THICK = {**MANY, "steps": 80, "finish": 25, "refine": 1}
TEN = {"experts": 10, "width": 16}
# Fields: so many steps between samples that the truth itself would be stable; see docs/explanation/mixer.md.
GS = {"width": 16, "depth": 3, "solver": "rkc", "stages": 4, "substeps": 10, "steps": 100, "windows": 32,
      "finish": 200, "refine": 0, "adapt_steps": 5}  # fmt: skip
NS = {"width": 16, "depth": 3, "substeps": 6, "filters": 5, "modes": 10, "forced": True, "match": 300,
      "steps": 0, "finish": 60, "finish_windows": 144, "refine": 5, "adapt_steps": 5}  # fmt: skip
ALONE = {name: (name, dict[str, Any]()) for name in ("polynomial", "support-nearest", "support-mean")}
"""What sees no system but the one that is asked for, and learns nothing before."""
METHODS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "lotka-volterra": {**LV, **ALONE},
    "gray-scott": {
        "geps": ("geps", GS),
        "geps, longer": ("geps", {**GS, "steps": 200, "finish": 600}),
        "ncf": ("ncf", GS),
        "mixer, 2 experts": ("mixer", {"experts": 2, **GS}),
        "neural-ode": ("neural-ode", GS),
    },
    "navier-stokes": {
        "geps": ("geps", NS),
        "geps, jitter": ("geps", {**NS, "jitter": 0.03}),
        "ncf": ("ncf", NS),
        "mixer, 2 experts": ("mixer", {"experts": 2, **NS}),
        "neural-ode": ("neural-ode", NS),
    },
    "odebench-4": {
        "mixer, 4 experts": ("mixer", {"experts": 4, "width": 32, **SMALL}),
        "mixer, k-means gate": ("mixer", {"experts": 4, "width": 32, "routing": "kmeans", **SMALL}),
        "geps, same size": ("geps", {"width": 64, "context": 4, **SMALL}),
        **ALONE,
    },
    "odebench-10a": {
        "mixer, 10 experts": ("mixer", {**TEN, **FEW}),
        "mixer, steps by the data": ("mixer", {**TEN, **FEW, "resolve": 1e-5}),
        "mixer, 6 substeps": ("mixer", {**TEN, **FEW, "substeps": 6}),
        "geps, same size": ("geps", {"width": 56, "context": 4, **WIDE}),
        "geps, 8 numbers": ("geps", {"width": 52, "context": 8, **WIDE}),
        "mixer, shared trunk": ("mixer", {**TEN, "expert": "trunk", "width": 40, "context": 4, **WIDE}),
        "moe-softmax": ("moe-softmax", {**TEN, "context": 4, **FEW, "steps": 200, "finish": 50, "refine": 2}),
        "oracle-routing": ("oracle-routing", {**TEN, **FEW}),
        "neural-ode": ("neural-ode", {"width": 56, **FEW, "finish": 100, "refine": 4}),
        **ALONE,
    },
    "odebench-10b": {
        "mixer, 10 experts": ("mixer", {**TEN, **MANY}),
        "mixer, steps by the data": ("mixer", {**TEN, **MANY, "resolve": 1e-5}),
        "geps, same size": ("geps", {"width": 56, "context": 4, **BROAD}),
        "moe-softmax": ("moe-softmax", {**TEN, "context": 4, **MANY, "steps": 150, "finish": 25, "refine": 1}),
        "oracle-routing": ("oracle-routing", {**TEN, **MANY}),
        **ALONE,
    },
}


def main() -> None:
    """Fit what is missing, and write the table."""
    options = _options()
    torch.set_num_threads(1)
    path = options.json or HERE / f"{options.task.replace('-', '_')}_reconstruction.json"
    table = read_json(path) if path.exists() else {"runs": {}}
    chosen = METHODS[options.task]
    for seed in options.seeds:
        for name in options.methods or chosen:
            plugin, settings = chosen[name]
            if name not in ALONE:
                settings = {**FIXED, **({"width": 32} if options.task == "lotka-volterra" else {}), **settings}
            key = f"{name} / {seed}"
            known = table["runs"].get(key)
            if known is None or known["settings"] != settings:
                table["runs"][key] = _run(options.task, name, plugin, settings, seed)
                _write(path, options.task, table)
    _write(path, options.task, table)
    draw(table["runs"], options.task, path.with_suffix(".png"))
    for row in _table(table["runs"]):
        print(row)


def _run(task: str, name: str, plugin: str, settings: dict[str, Any], seed: int) -> dict[str, Any]:
    splits, signature = load(task, seed, labels=plugin in ("leads", "oracle-routing"))
    config = get_host().registry("policy").get(plugin).load_config()(**settings)
    policy: Any = build_policy(plugin, config, signature, seed)
    clock = _Clock(policy, splits if task == "lotka-volterra" else {})  # a look at ten families costs more than a fit
    policy.fit(splits["train"], validation=splits["validation"], progress=clock)
    clock.stop()
    since = time.process_time()
    found = {split: _scores(policy, splits[split]) for split in ("test", "ood")}
    spent = (time.process_time() - since) / sum(len(splits[split]) for split in found)
    row = {
        "method": name, "plugin": plugin, "seed": seed, "settings": settings, "parameters": parameters(policy),
        "cpu_seconds": round(clock.seconds, 1), "cpu_seconds_per_system": round(spent, 4), **found, **_routed(policy),
        "counts": clock.counts, "trace": clock.trace,
    }  # fmt: skip
    print(
        name, seed, f"{clock.seconds:.0f} s", {s: (v["mse"], v["relative_mse"]) for s, v in found.items()}, flush=True
    )
    return row


def _routed(policy: Any) -> dict[str, Any]:
    """Return how systems were routed; a method that sees one system alone routes nothing."""
    if not isinstance(policy, Reconstructor):
        return {"purity": 0.0, "experts_used": 0, "substeps": []}
    routes = policy.routes.numpy()
    return {"purity": purity(routes, policy.families.numpy()), "experts_used": len(np.unique(routes)),
            "substeps": policy.resolution.tolist()}  # fmt: skip


class _Clock:
    """Follows a fit: processor seconds, test error now and then (not timed), and what the guard counted."""

    def __init__(self, policy: Any, splits: dict[str, Demonstrations]) -> None:
        self._policy, self._splits = policy, splits
        self.trace: list[dict[str, float]] = []
        self.counts: dict[str, float] = {}
        self.seconds, self._since, self._next = 0.0, time.process_time(), 5.0

    def __call__(self, step: int, total: int, **metrics: float) -> None:
        self.seconds += time.process_time() - self._since
        self.counts.update({name: metrics[name] for name in COUNTED if name in metrics})
        if self._splits and self.seconds > self._next:
            scores = {split: _scores(self._policy, self._splits[split])["mse"] for split in ("test", "ood")}
            self.trace.append({"seconds": round(self.seconds, 1), "step": step, **scores})
            self._next = self.seconds * 1.3
        if step % 25 < 2:
            print(f"{step}/{total}", f"{self.seconds:.0f} s", metrics.get("loss"), file=sys.stderr, flush=True)
        self._since = time.process_time()

    def stop(self) -> None:
        """Add the time since the last call."""
        self.seconds += time.process_time() - self._since


@lru_cache(maxsize=2)
def load(task: str, seed: int, labels: bool) -> tuple[dict[str, Demonstrations], Signature]:
    """Return the demonstrations of all splits of a task, and their shapes."""
    recipe = resolve("mixer", task, seed, {"env.labels": True} if labels else {})
    every, few = recipe.demonstrations, 12 if task in FIELDS else 36
    counts = {"train": every, "validation": recipe.validation, "test": every, "ood": min(every, MOST)}
    counts = counts | ({"test": few, "ood": few} if every < MOST else {})
    found = {s: collect(recipe.task, count=n, seed=seed, split=s, workers=1).demonstrations for s, n in counts.items()}
    most = {"train": every, "validation": MOST // 2, "test": MOST, "ood": MOST}
    splits = {s: Demonstrations(data[:: -(-len(data) // most[s])], data.source) for s, data in found.items()}
    return splits, run_signature(recipe)


def draw(runs: dict[str, Any], task: str, path: Path) -> None:
    """Draw every episode's relative error by method, in distribution and after adaptation to new systems."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(run["method"] for run in runs.values()))
    figure, axes = plt.subplots(figsize=(8, 0.55 * len(names) + 1.4), layout="constrained")
    random = np.random.default_rng(0)
    for place, name in enumerate(names):
        for split, colour, shift in (("test", "#1f3a5f", -0.17), ("ood", "#d1495b", 0.17)):
            values = np.array([v for run in runs.values() if run["method"] == name for v in run[split]["episodes"]])
            where = place + shift + random.uniform(-0.1, 0.1, len(values))
            axes.semilogx(np.maximum(values, 1e-9), where, ".", color=colour, ms=3, alpha=0.4)
            axes.semilogx([np.median(values)] * 2, [place + shift - 0.15, place + shift + 0.15], color=colour, lw=2)
            axes.semilogx(values.mean(), place + shift, "D", color=colour, ms=5, mec="white")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.grid(alpha=0.25)
    axes.set_xlabel("relative MSE (blue: in distribution; red: new systems; bar: median; diamond: mean)")
    axes.set_title(task)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _scores(policy: Any, episodes: Demonstrations) -> dict[str, Any]:
    """Return errors over episodes, each adapted to its own support; relative ones also by family."""
    found: list[dict[str, float]] = []
    for observation, truth in episode_batches(episodes):
        policy.reset(observation)
        with torch.no_grad():
            answer = policy.act(observation, generator=torch.Generator())[:, 0]
        found += [errors(*pair) for pair in zip(answer.numpy(), truth.numpy(), strict=True)]
    mse, relative = ([row[name] for row in found] for name in ("mse", "relative_mse"))
    family = [int(e.infos["family"][0]) if "family" in e.infos else 0 for e in episodes]
    by = {f: float(np.mean([r for r, g in zip(relative, family, strict=True) if g == f])) for f in sorted(set(family))}
    return {
        "mse": float(np.mean(mse)), "relative_mse": float(np.mean(relative)), "median": float(np.median(relative)),
        "n": len(mse), "diverged": int(sum(row["diverged"] for row in found)), "by_family": by,
        "episodes": [float(f"{value:.4g}") for value in relative],
    }  # fmt: skip


def _table(runs: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for name in dict.fromkeys(run["method"] for run in runs.values()):
        mine = [run for run in runs.values() if run["method"] == name]
        row: dict[str, Any] = {"method": name, "seeds": len(mine), "parameters": mine[0]["parameters"]}
        for split in ("test", "ood"):
            row[f"{split}_mse"] = [run[split]["mse"] for run in mine]
            pooled = [value for run in mine for value in run[split]["episodes"]]
            row[f"{split}_relative_mse"] = estimate(pooled, "mean").to_json()
            row[f"{split}_median"] = float(np.median(pooled))
            row[f"{split}_diverged"] = sum(run[split].get("diverged", 0) for run in mine)
        row["purity"] = [run["purity"] for run in mine]
        row["cpu_seconds"] = [run["cpu_seconds"] for run in mine]
        row["spikes"] = [run["counts"].get("spikes") for run in mine]
        rows.append(row)
    return rows


def _write(path: Path, task: str, table: dict[str, Any]) -> None:
    command = shlex.join(["python", "benchmarks/dynamics/reconstruction.py", task])  # whatever part this call computed
    result = {"task": task, **table, "table": _table(table["runs"])}
    write_result(path, result, measured={**measured_on(), "command": command})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=list(METHODS))
    parser.add_argument("--methods", nargs="*", default=[])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--json", type=Path, default=None)
    return parser.parse_args()


if __name__ == "__main__":
    main()
