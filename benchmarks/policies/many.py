"""Several policies trained at once: in turn, stacked by ``torch.func.vmap``, or one process each.

    python benchmarks/policies/many.py [--policies 4] [--batch 64] [--device cuda]

The policies are MP1 of the size given, each with weights, demonstrations and optimiser state of its own, as for
different tasks or seeds. ``in turn`` is the platform's training step, one policy after the other, with all threads;
``stacked`` is the same loss with all weights in one tensor per layer, so that a product of one policy becomes a batched
product of all; ``processes`` trains one policy in each of as many processes as there are cores (as many as there are
policies on a GPU), with one thread each. On a CPU the platform's own encoder (gradient through winning points alone)
has no batched form, so the stacked version runs it in plain operations, as all versions do on a GPU.

Losses of ``in turn`` and ``stacked`` must agree before anything is timed. The first two are timed in turn with each
other, processes after them. Writes ``many.json``, or ``many_DEVICE.json``: milliseconds of wall clock per step of one
policy.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import harness
import torch
import torch.multiprocessing as multiprocessing
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from simplatform.contracts import Signature
from simplatform.policies.manipulation.meanflow import Times, draw_times
from simplatform.policies.manipulation.mp1 import MP1, MP1Config
from simplatform.policies.nn.encoders import maxpool

Step = Callable[[], Tensor]
Batch = tuple[Tensor, ...]
SIGNATURE = Signature({"point_cloud": (512, 3), "agent_pos": (9,)}, (4,))
RATE, KEPT, NORM, EQUAL = 1e-4, 0.01, 1.0, 0.5
"""Learning rate, share of new weights in the moving average, norm that gradients are clipped to, share of r = t."""


class Objective(nn.Module):
    """MP1's loss of a batch as a module, which is what ``functional_call`` needs."""

    def __init__(self, policy: MP1) -> None:
        super().__init__()
        self.policy = policy

    def forward(self, cloud: Tensor, state: Tensor, chunk: Tensor, noise: Tensor, t: Tensor, r: Tensor) -> Tensor:
        """Return the loss of one batch."""
        times = Times(t, r, len(t) - int(EQUAL * len(t)))
        return self.policy.loss_at(chunk, noise, times, self.policy.encode(cloud, state)).total


def objective(size: str, points: int, seed: int, device: str) -> Objective:
    """Return a policy to train."""
    torch.manual_seed(seed)
    return Objective(MP1(MP1Config(size=size, points=points), SIGNATURE)).to(device).train()


def batch(rows: int, points: int, seed: int, device: str) -> Batch:
    """Return normalised clouds, states and chunks, noise and times, as a training step sees them."""
    draw = torch.Generator().manual_seed(seed)
    shapes = (rows, 2, points, 3), (rows, 2, 9), (rows, 4, 4)
    data = [2 * torch.rand(shape, generator=draw) - 1 for shape in shapes]
    noise = torch.randn(rows, 4, 4, generator=draw)
    times = draw_times(rows, mean=-0.4, std=1.0, equal=EQUAL, generator=draw, device=torch.device("cpu"))
    return tuple(part.to(device) for part in (*data, noise, times.t, times.r))


def optimiser(weights: list[Tensor]) -> Callable[[list[Tensor], Tensor], None]:
    """Return AdamW with a moving average, for gradients and the factors that clip them."""
    adam = torch.optim.AdamW(weights, lr=RATE, betas=(0.95, 0.999), weight_decay=1e-6, fused=True)
    average = [weight.detach().clone() for weight in weights]

    @torch.no_grad()
    def update(gradients: list[Tensor], factor: Tensor) -> None:
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient * factor.view(-1, *[1] * (gradient.dim() - 1)) if factor.dim() else gradient * factor
        adam.step()
        torch._foreach_lerp_(average, [weight.detach() for weight in weights], KEPT)

    return update


def alone(module: Objective, data: Batch) -> Step:
    """Return the training step of one policy."""
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    update = optimiser(weights)

    def step() -> Tensor:
        loss: Tensor = module(*data)
        gradients = torch.autograd.grad(loss, weights)
        norm = torch.stack(torch._foreach_norm(gradients)).norm()
        update(list(gradients), (NORM / (norm + 1e-6)).clamp(max=1.0))
        return loss.detach()

    return step


def stacked(modules: list[Objective], data: list[Batch]) -> Step:
    """Return one training step of all policies, with their weights stacked."""
    weights, buffers = stack_module_state(modules)  # type: ignore[arg-type]
    names, values = list(weights), [weight.detach().requires_grad_() for weight in weights.values()]
    update, together = optimiser(values), tuple(torch.stack(parts) for parts in zip(*data, strict=True))

    def loss(weights: dict[str, Tensor], buffers: dict[str, Tensor], *data: Tensor) -> Tensor:
        return functional_call(modules[0], (weights, buffers), data)  # type: ignore[no-any-return]

    gradient = vmap(grad_and_value(loss))

    def step() -> Tensor:
        with mock.patch("simplatform.policies.nn.encoders.pointcloud.pooled_perceptron", maxpool._plain):
            current = dict(zip(names, (value.detach() for value in values), strict=True))
            gradients, losses = gradient(current, buffers, *together)
        squares = [gradients[name].flatten(1).square().sum(1) for name in names]
        norm = torch.stack(squares).sum(0).sqrt()
        update([gradients[name] for name in names], (NORM / (norm + 1e-6)).clamp(max=1.0))
        return losses.detach()  # type: ignore[no-any-return]

    return step


def timed(step: Step, device: str) -> Callable[[], None]:
    """Return the step, waiting for a GPU to be done."""

    def run() -> None:
        step()
        if device != "cpu":
            torch.cuda.synchronize()

    return run


def worker(options: argparse.Namespace, seed: int, ready: Any, seconds: Any) -> None:
    """Train one policy in a process of its own; put the seconds of its steps."""
    torch.set_num_threads(1)
    step = timed(alone(*one(options, seed)), options.device)
    for _ in range(3):
        step()
    ready.wait()
    start = time.perf_counter()
    for _ in range(options.repeats):
        step()
    seconds.put(time.perf_counter() - start)


def one(options: argparse.Namespace, seed: int) -> tuple[Objective, Batch]:
    """Return the policy and the batch of a seed."""
    module = objective(options.size, options.points, seed, options.device)
    return module, batch(options.batch, options.points, 1000 + seed, options.device)


def by_processes(options: argparse.Namespace) -> dict[str, float]:
    """Return how many processes ran, and the milliseconds per step of one policy when they run at once."""
    count = min(options.policies, os.cpu_count() or 1) if options.device == "cpu" else options.policies
    context = multiprocessing.get_context("spawn")
    ready, seconds = context.Barrier(count), context.Queue()
    workers = [context.Process(target=worker, args=(options, seed, ready, seconds)) for seed in range(count)]
    for process in workers:
        process.start()
    longest = max(seconds.get(timeout=600) for _ in workers)
    for process in workers:
        process.join()
    return {"processes": count, "ms": round(1e3 * longest / (options.repeats * count), 3)}


def main() -> None:
    """Time the three ways."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--policies", type=int, default=4)
    options.add_argument("--size", default="small", choices=("small", "paper"))
    options.add_argument("--points", type=int, default=512)
    options.add_argument("--batch", type=int, default=64)
    options.add_argument("--repeats", type=int, default=20)
    options.add_argument("--rounds", type=int, default=3, help="of the processes")
    options.add_argument("--threads", type=int, default=os.cpu_count())
    options.add_argument("--device", default="cpu")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    cases = [one(chosen, seed) for seed in range(chosen.policies)]
    together = stacked([module for module, _ in cases], [data for _, data in cases])
    turns = [alone(*case) for case in cases]
    gap = (torch.stack([step() for step in turns]) - together()).abs().max().item()
    if gap > 1e-3:
        raise SystemExit(f"the losses of the stacked policies differ by {gap}")
    functions = {"in turn": lambda: [step() for step in turns] and None, "stacked": together}
    times = harness.interleaved({name: timed(f, chosen.device) for name, f in functions.items()}, chosen.repeats)
    per_step = {name: round(row["median_ms"] / chosen.policies, 3) for name, row in times.items()}
    rounds = [by_processes(chosen) for _ in range(chosen.rounds)]
    per_step["processes"] = statistics.median(one["ms"] for one in rounds)
    keys = ("policies", "size", "points", "batch", "repeats", "threads")
    settings = {"seeds": list(range(chosen.policies)), **{key: getattr(chosen, key) for key in keys}}
    name = "many.json" if chosen.device == "cpu" else f"many_{chosen.device}.json"
    result = {"settings": settings, "ms_per_policy_step": per_step, "times": times, "processes": rounds, "gap": gap}
    harness.write(chosen.json or Path(__file__).with_name(name), result, chosen.device)


if __name__ == "__main__":
    main()
