"""Generative methods on distributions in the plane: error against network evaluations, at equal optimiser steps;
continued where it stopped.

    OMP_NUM_THREADS=1 python benchmarks/policies/plane.py [--steps 2000] [--seeds 0 1 2]

The policies are the platform's own, trained by its own loop; their chunk is one action of two components, and the
observation is constant. Reported on 4096 samples: the sliced Wasserstein distance W2 to fresh data (the value that two
sets of fresh data have is printed beside it), and the share of samples in the left half, which should be one half.
Writes ``plane.json`` and ``plane.png`` beside itself.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.experiments.record import write_result
from simplatform.pipeline.fit import Trainer
from simplatform.plugin_host.host import get_host
from simplatform.recipes.config import TrainConfig
from simplatform.runs.checkpoint import build_policy
from simplatform.runs.files import read_json

HERE = Path(__file__).parent
SIGNATURE = Signature({"point_cloud": (1, 3), "agent_pos": (1,)}, (2,))
PLUGINS: dict[str, dict[str, Any]] = {
    "mp1": {}, "mp1, guidance 1": {"guidance": 1.0}, "mp1, data, guidance 1": {"prediction": "data", "guidance": 1.0},
    "flowpolicy": {}, "flow-matching": {}, "rectified-flow": {},
    "rectified-flow++": {}, "dp3": {}, "rectified-diffusion": {}, "consistency-distillation": {}, "sub-path-linear": {},
}  # fmt: skip
NETWORK = {"widths": [64], "horizon": 1, "observe": 1, "execute": 1, "points": 1}
SAMPLES, EVALUATIONS = 4096, (1, 2, 4, 10)


class Quiet:
    """Watches nothing, keeps the last numbers."""

    def metrics(self, step: int, total: int, values: dict[str, float]) -> None:
        """Keep them."""
        self.last = dict(values)

    def progress(self, step: int, total: int) -> None:
        """Nothing to show."""

    def checkpoint(self, trainer: Trainer) -> None:
        """Nothing to write."""

    def stopping(self) -> bool:
        """Never."""
        return False


def moons(count: int, generator: np.random.Generator) -> np.ndarray:
    """Return two interleaved half circles with noise, one centred left of zero and one right, within about [−1, 1]."""
    angle, side = np.pi * generator.random(count), generator.random(count) < 0.5
    left = np.stack([np.cos(angle) - 1.0, np.sin(angle) - 0.5], 1)
    points = np.where(side[:, None], left, -left)
    return (points * 0.5 + 0.03 * generator.normal(size=(count, 2))).astype(np.float32)


def routes(count: int, generator: np.random.Generator) -> np.ndarray:
    """Return two small clusters, left and right of an obstacle: an average of both would hit it."""
    side = np.where(generator.random(count) < 0.5, -0.7, 0.7)
    return (np.stack([side, np.zeros(count)], 1) + 0.08 * generator.normal(size=(count, 2))).astype(np.float32)


SETS = {"moons": moons, "routes": routes}


def demonstrations(points: np.ndarray) -> Demonstrations:
    """Return episodes of one step each, with a constant observation."""
    cloud, state = np.zeros((2, 1, 3), np.float32), np.zeros((2, 1), np.float32)
    episodes = [
        Episode({"point_cloud": cloud, "agent_pos": state}, point[None], {}, seed=i, variant=0, metrics={})
        for i, point in enumerate(points)
    ]
    return Demonstrations(episodes)


def sliced(a: Tensor, b: Tensor, directions: int = 64) -> float:
    """Return the sliced Wasserstein distance W2 of two samples of equal size."""
    angle = torch.arange(directions) * torch.pi / directions
    axes = torch.stack([angle.cos(), angle.sin()])
    return float(((a @ axes).sort(0).values - (b @ axes).sort(0).values).square().mean().sqrt())


def measure(name: str, overrides: dict[str, Any], points: np.ndarray, fresh: Tensor, steps: int, seed: int) -> dict:
    """Train a policy, sample it with several numbers of evaluations, and return its numbers."""
    entry = get_host().registry("policy").get(name.split(",")[0])
    config = entry.load_config()(**NETWORK, **overrides)
    policy = build_policy(entry.name, config, SIGNATURE, seed)
    trainer = Trainer(policy, demonstrations(points), TrainConfig(steps=steps, batch=128, lr=1e-3), seed)
    watcher, start = Quiet(), time.perf_counter()
    trainer.run(watcher)
    seconds = time.perf_counter() - start
    policy.eval()
    row: dict[str, Any] = {"plugin": name, "seed": seed, "seconds": round(seconds, 1), "w2": {}, "left": {}}
    with trainer.averaged():
        for nfe in EVALUATIONS if hasattr(config, "nfe") else (1,):
            policy.config = config.model_copy(update={"nfe": nfe})
            samples = draw(policy, seed)
            row["w2"][nfe] = round(sliced(samples, fresh), 4)
            row["left"][nfe] = round(float((samples[:, 0] < 0).float().mean()), 4)
    row["last"] = {key: round(float(value), 5) for key, value in watcher.last.items() if key != "lr"}
    return row


@torch.no_grad()
def draw(policy: Any, seed: int) -> Tensor:
    """Return samples ``(SAMPLES, 2)`` of the policy's actions."""
    zeros = {"point_cloud": torch.zeros(SAMPLES, 1, 1, 3), "agent_pos": torch.zeros(SAMPLES, 1, 1)}
    return policy.act(zeros, generator=torch.Generator().manual_seed(1000 + seed))[:, 0]


def main() -> None:
    """Measure all methods on all sets and seeds."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--steps", type=int, default=2000)
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options.add_argument("--plugins", nargs="+", default=list(PLUGINS))
    options.add_argument("--sets", nargs="+", default=list(SETS))
    options.add_argument("--json", type=Path, default=HERE / "plane.json")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    table: dict[str, Any] = {
        "steps": chosen.steps, "network": NETWORK, "samples": SAMPLES, "floor": {}, "rows": {},
    }  # fmt: skip
    table |= earlier(chosen.json, table)
    for name in chosen.sets:
        source = SETS[name]
        points, fresh, other = (source(SAMPLES, np.random.default_rng(number)) for number in range(3))
        table["floor"][name] = round(sliced(torch.as_tensor(fresh), torch.as_tensor(other)), 4)
        rows = table["rows"].setdefault(name, [])
        for seed, plugin in ((seed, plugin) for seed in chosen.seeds for plugin in chosen.plugins):
            if not any((row["plugin"], row["seed"]) == (plugin, seed) for row in rows):
                rows.append(measure(plugin, PLUGINS[plugin], points, torch.as_tensor(fresh), chosen.steps, seed))
                print(name, rows[-1], flush=True)
                write_result(chosen.json, table, missing={"interval": "every seed stands in the rows"})


def earlier(path: Path, table: dict[str, Any]) -> dict[str, Any]:
    """Return the results that a table of the same settings holds already."""
    found = read_json(path) if path.exists() else {}
    same = all(found.get(key) == table[key] for key in ("steps", "network", "samples"))
    return {key: found[key] for key in ("floor", "rows")} if same else {}


if __name__ == "__main__":
    main()
