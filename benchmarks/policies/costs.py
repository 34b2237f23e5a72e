"""What an action and a training step of each method cost, at equal size: ``python benchmarks/policies/costs.py``.

All methods of the comparison in one process, in turn, on the same inputs: an action at batch 1, its encoder and its
head (median, 95th percentile, minimum), and a step of training (loss and gradient, batch 64). Writes ``costs.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import harness
import numpy as np
import torch
from comparison import PLUGINS
from torch import Tensor

from simplatform.contracts import Batch, Signature
from simplatform.plugin_host.host import get_host
from simplatform.policies.manipulation.pointcloud import PointCloudPolicy

SIGNATURE = Signature({"point_cloud": (512, 3), "agent_pos": (9,)}, (4,))
SIZES = {"small": 128, "paper": 512}
"""Size of the networks → points of a cloud."""
BATCH = 64

Functions = dict[str, Callable[[], object]]


def build(plugin: str, size: str) -> PointCloudPolicy:
    """Return a policy with random weights and normalisers that leave values as they are."""
    entry = get_host().registry("policy").get(plugin)
    policy = entry.load()(entry.load_config()(size=size, points=SIZES[size]), SIGNATURE)
    for normaliser in policy.normalisers.values():
        ones = np.ones(len(normaliser.scale))
        normaliser.set_limits(-ones, ones)
    return policy


def actions(policies: dict[str, PointCloudPolicy], size: str) -> Functions:
    """Return an action of each policy, whole and head alone, and the encoder, which they share."""
    observation = inputs(1, SIZES[size])
    noise = torch.randn(1, 4, 4)
    condition = next(iter(policies.values())).condition(observation)
    functions: Functions = {"encoder": lambda: next(iter(policies.values())).condition(observation)}
    for name, policy in policies.items():
        functions[f"{name}, action"] = lambda policy=policy: policy.sample(policy.condition(observation), noise)
        functions[f"{name}, head"] = lambda policy=policy: policy.sample(condition, noise)
    return functions


def steps(policies: dict[str, PointCloudPolicy], size: str) -> Functions:
    """Return loss and gradient of each policy."""
    batch = Batch(inputs(BATCH, SIZES[size]), torch.rand(BATCH, 4, 4) * 2 - 1)
    return {f"{name}, training step": lambda policy=policy: _step(policy, batch) for name, policy in policies.items()}


def inputs(rows: int, points: int) -> dict[str, Tensor]:
    """Return observations of two instants."""
    return {"point_cloud": torch.rand(rows, 2, points, 3) * 2 - 1, "agent_pos": torch.rand(rows, 2, 9) * 2 - 1}


def _step(policy: PointCloudPolicy, batch: Batch) -> None:
    policy.zero_grad(set_to_none=True)
    policy.loss(batch, generator=torch.Generator().manual_seed(0)).total.backward()


def measure(size: str, repeats: int) -> dict[str, Any]:
    """Return the costs of all methods at one size."""
    policies = {name: build(name, size).eval() for name in PLUGINS}
    with torch.no_grad():
        times = harness.interleaved(actions(policies, size), repeats)
    if size == "small":
        for policy in policies.values():
            policy.train()
        times |= harness.interleaved(steps(policies, size), max(repeats // 10, 5))
    rows = [_row(name, policy, times) for name, policy in policies.items()]
    return {"size": size, "points": SIZES[size], "encoder": times["encoder"], "rows": rows}


def _row(name: str, policy: PointCloudPolicy, times: dict[str, dict[str, float]]) -> dict[str, Any]:
    found = {
        part: times[f"{name}, {part}"] for part in ("action", "head", "training step") if f"{name}, {part}" in times
    }
    parameters = sum(parameter.numel() for parameter in policy.parameters())
    return {"plugin": name, "widths": policy.config.unet_widths, "parameters": parameters, "nfe": policy.nfe, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    repeats = {"small": args.repeats, "paper": max(args.repeats // 8, 5)}
    tables = [measure(size, repeats[size]) for size in args.sizes]
    harness.write(args.output, {"seed": 0, "batch": BATCH, "repeats": repeats, "sizes": tables})


if __name__ == "__main__":
    main()
