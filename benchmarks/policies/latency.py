"""Latency of a whole action at batch 1, encoder and head: ``python benchmarks/policies/latency.py [--device cuda]``.

MP1 with one evaluation and DP3 with ten DDIM steps, at both sizes, in two versions with the same weights: ``plain``,
which is PyTorch's own layers, and ``simplatform``, what a loaded policy runs. All in one process, in turn. The actions
of the versions must agree before anything is timed. On a GPU a third version, ``captured``, replays what the second one
launched, as a CUDA graph. Writes ``latency.json``, or ``latency_DEVICE.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import harness
import torch
from plain import PlainPolicy
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.policies.manipulation.diffusion import ddim, ddim_indices
from simplatform.policies.manipulation.dp3 import DP3, DP3Config
from simplatform.policies.manipulation.mp1 import MP1, MP1Config

SIGNATURE = Signature({"point_cloud": (512, 3), "agent_pos": (9,)}, (4,))
OWN = "simplatform"
ROWS = (("small", 128), ("small", 512), ("paper", 512))


def versions(size: str, points: int, device: str) -> dict[str, Callable[[], Tensor]]:
    """Return functions that compute one action, and parts of it."""
    mp1 = MP1(MP1Config(size=size, points=points), SIGNATURE).eval()
    dp3 = DP3(DP3Config(size=size, points=points), SIGNATURE).eval()
    plain, plain_dp3 = PlainPolicy(mp1).eval().to(device), PlainPolicy(dp3).eval().to(device)
    inputs = torch.rand(1, 2, points, 3), torch.rand(1, 2, 9), torch.randn(1, 4, 4)
    mp1, dp3, cloud, state, noise = (part.to(device) for part in (mp1, dp3, *inputs))
    indices = ddim_indices(100, 10)
    condition, levels = mp1.encode(cloud, state), dp3.levels.tolist()

    def ten_plain_steps() -> Tensor:
        fixed = plain_dp3.encoder(cloud, state)
        return ddim(
            lambda x, k: plain_dp3.unet(x, (torch.tensor([float(k)], device=device),), fixed)[0], noise, levels, indices
        )

    found = {
        "mp1 plain": lambda: plain.one_step(noise, cloud, state),
        "mp1 simplatform": lambda: mp1.sample(mp1.encode(cloud, state), noise),
        "dp3 plain": ten_plain_steps,
        "dp3 simplatform": lambda: dp3.sample(dp3.encode(cloud, state), noise),
        "encoder plain": lambda: plain.encoder(cloud, state),
        "encoder simplatform": lambda: mp1.encode(cloud, state),
        "mp1 head simplatform": lambda: mp1.sample(condition, noise),
    }
    if device == "cpu":
        return found
    replayed = {name.replace("simplatform", "captured"): captured(found[name]) for name in found if OWN in name}
    return {name: waited(function) for name, function in (found | replayed).items()}


def captured(function: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """Return a function that replays what this one launches on a GPU; its inputs stay where they are."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            function()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        answer = function()

    def replay() -> Tensor:
        graph.replay()
        return answer

    return replay


def waited(function: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """Return a function that waits until the GPU has its answer."""

    def run() -> Tensor:
        answer = function()
        torch.cuda.synchronize()
        return answer

    return run


def measure(size: str, points: int, repeats: int, device: str) -> dict[str, Any]:
    """Return times and ratios of one size."""
    functions = versions(size, points, device)
    own = "captured" if "mp1 captured" in functions else OWN
    for name, version in product(("mp1", "dp3"), {OWN, own}):
        gap = (functions[f"{name} plain"]() - functions[f"{name} {version}"]()).abs().max().item()
        if gap > (1e-4 if device == "cpu" else 1e-3):
            raise SystemExit(f"the versions of {name} disagree by {gap}")
    times = harness.interleaved(functions, repeats)
    return {
        "size": size,
        "points": points,
        "times": times,
        "mp1_against_plain": harness.ratios(times, f"mp1 {own}", "mp1 plain"),
        "dp3_against_plain": harness.ratios(times, f"dp3 {own}", "dp3 plain"),
        "mp1_against_dp3": harness.ratios(times, f"mp1 {own}", f"dp3 {own}"),
        "mp1_against_plain_dp3": harness.ratios(times, f"mp1 {own}", "dp3 plain"),
    }


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    repeats = {"small": args.repeats, "paper": max(args.repeats // 8, 5)}
    rows = [measure(size, points, repeats[size], args.device) for size, points in ROWS]
    name = "latency.json" if args.device == "cpu" else f"latency_{args.device}.json"
    harness.write(
        args.output or Path(__file__).with_name(name), {"seed": 0, "repeats": repeats, "rows": rows}, args.device
    )


if __name__ == "__main__":
    main()
