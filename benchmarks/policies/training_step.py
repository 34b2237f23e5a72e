"""One training step of MP1 on CPU: ``python benchmarks/policies/training_step.py``.

Batch 64, widths [32, 64, 128], two clouds of 128 points, chunks of four actions; loss, backward, clipping, AdamW
and moving average. Three versions in turn, on the same data and weights:

- ``plain``: PyTorch's own layers, ``torch.func.jvp``, default AdamW;
- ``plain_fused``: the same with fused AdamW and average;
- ``simplatform``: what ``simplatform run --plugin mp1`` does.

Losses of the versions must agree before anything is timed. Writes ``training_step.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import harness
import torch
from plain import PlainPolicy
from torch import Tensor, nn

from simplatform.contracts import Signature
from simplatform.policies.manipulation.meanflow import Times, draw_times
from simplatform.policies.manipulation.mp1 import MP1, MP1Config

SIGNATURE = Signature({"point_cloud": (512, 3), "agent_pos": (9,)}, (4,))


def step(module: nn.Module, loss: Callable[[], Tensor], fused: bool) -> Callable[[], None]:
    """Return a whole training step."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    average = [p.detach().clone() for p in parameters]
    optimiser = torch.optim.AdamW(parameters, lr=1e-4, betas=(0.95, 0.999), weight_decay=1e-6, fused=fused)

    def run() -> None:
        optimiser.zero_grad(set_to_none=True)
        loss().backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        with torch.no_grad():
            if fused:
                torch._foreach_lerp_(average, [p.detach() for p in parameters], 0.01)
            else:
                for mean, parameter in zip(average, parameters, strict=True):
                    mean.mul_(0.99).add_(parameter, alpha=0.01)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 64, 128])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--points", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    ours = MP1(MP1Config(widths=tuple(args.widths), points=args.points), SIGNATURE)
    cloud, state = torch.rand(args.batch, 2, args.points, 3) * 2 - 1, torch.rand(args.batch, 2, 9) * 2 - 1
    chunk, noise = torch.rand(args.batch, 4, 4) * 2 - 1, torch.randn(args.batch, 4, 4)
    times = draw_times(args.batch, mean=-0.4, std=1, equal=0.5, generator=torch.Generator().manual_seed(0),
                       device=torch.device("cpu"))  # fmt: skip
    plain, fused = PlainPolicy(ours), PlainPolicy(ours)
    losses = {
        "plain": lambda: plain.meanflow_loss(chunk, noise, times.t, times.r, cloud, state),
        "plain_fused": lambda: fused.meanflow_loss(chunk, noise, times.t, times.r, cloud, state),
        "simplatform": lambda: ours_loss(ours, chunk, noise, times, cloud, state),
    }
    values = [loss().item() for loss in losses.values()]
    if max(values) - min(values) > 1e-4:
        raise SystemExit(f"the versions disagree: {values}")
    modules = {"plain": plain, "plain_fused": fused, "simplatform": ours}
    steps = {name: step(modules[name], loss, fused=name != "plain") for name, loss in losses.items()}
    rows = harness.interleaved(steps, args.repeats)
    condition = ours.encode(cloud, state).detach()
    parts = harness.interleaved(
        {
            "encoder": lambda: ours.encode(cloud, state).sum().backward(),
            "unet": lambda: ours.loss_at(chunk, noise, times, condition).total.backward(),
        },
        args.repeats,
    )
    faster = {other: harness.ratios(rows, "simplatform", other) for other in ("plain", "plain_fused")}
    settings = {"widths": args.widths, "batch": args.batch, "points": args.points, "repeats": args.repeats, "seed": 0}
    harness.write(args.output, {"settings": settings, "step": rows, "parts_of_simplatform": parts, "faster": faster})


def ours_loss(policy: MP1, chunk: Tensor, noise: Tensor, times: Times, cloud: Tensor, state: Tensor) -> Tensor:
    return policy.loss_at(chunk, noise, times, policy.encode(cloud, state)).total


if __name__ == "__main__":
    main()
