"""Fit a sampler to a trained policy: a schedule (usf), or statistics (dpm-v3).

    python -m simplatform.policies.samplers.calibrate RUN usf --nfe 5 -o schedule.json
    python -m simplatform.policies.samplers.calibrate RUN dpm-v3 -o statistics.json
    simplatform eval RUN --set sampler=usf:schedule.json --set nfe=5

Observations and chunks are those of the run's validation demonstrations (of its training ones, if it has none); half
of the windows choose a schedule, the other half report its error beside those of regular samplers.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from simplatform.errors import SimplatformError, UsageError
from simplatform.policies.samplers.denoiser import Denoiser
from simplatform.policies.samplers.dpm_solver_v3 import Statistics
from simplatform.policies.samplers.exponential import Scheduled
from simplatform.policies.samplers.search import search

FINE, WINDOWS = 100, 128
PEERS = ("ddim", "dpm++2m", "deis-tab2", "plms")


def main(arguments: list[str] | None = None) -> int:
    """Calibrate, write the file, and print what it gains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run of a diffusion or flow policy")
    parser.add_argument("sampler", choices=["usf", "dpm-v3"])
    parser.add_argument("--nfe", type=int, default=5, help="evaluations of the schedule")
    parser.add_argument("--candidates", type=int, default=300, help="schedules to try")
    parser.add_argument("--output", "-o", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    try:
        policy, condition = _load(chosen.run)
        if chosen.sampler == "usf":
            _search(policy, condition, chosen.nfe, chosen.candidates, chosen.output)
        else:
            noise, model = _noise(policy, condition), policy.denoiser(policy.unet.prepare(condition, policy.horizon))
            Statistics.measure(model, noise).write(chosen.output)
            print(f"statistics along {len(noise)} paths: {chosen.output}")
    except SimplatformError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _load(run: Path) -> tuple[Any, Tensor]:
    """Return the policy and conditions of some of its windows."""
    from simplatform.api import load
    from simplatform.pipeline.collect import collect
    from simplatform.pipeline.fit import windows_of
    from simplatform.rundir import RunDirectory

    recipe, policy = RunDirectory.open(run).recipe(), load(run)
    if not hasattr(policy, "denoiser"):
        raise UsageError(f"{recipe.policy} has no instantaneous field to sample: take a diffusion or flow policy")
    split, count = ("validation", recipe.validation) if recipe.validation else ("train", recipe.demonstrations)
    found = collect(recipe.task, count=count, seed=recipe.seed, split=split, attempts=recipe.data.attempts)
    windows = windows_of(policy, found.demonstrations)  # type: ignore[arg-type]
    with torch.no_grad():
        return policy, policy.condition(windows.batch(WINDOWS, seed=0, step=0).observation)


def _noise(policy: Any, condition: Tensor) -> Tensor:
    shape = (len(condition), policy.horizon, policy.unet.action)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=condition.dtype)


@torch.no_grad()
def _search(policy: Any, condition: Tensor, nfe: int, candidates: int, output: Path) -> None:
    from simplatform.policies.samplers import get_sampler

    noise, half = _noise(policy, condition), len(condition) // 2

    def model(part: slice) -> Denoiser:
        found: Denoiser = policy.denoiser(policy.unet.prepare(condition[part], policy.horizon))
        return found

    def wanted(part: slice) -> Tensor:
        return get_sampler("dpm++2m").generate(model(part), noise[part], FINE)

    own, other = slice(None, half), slice(half, None)
    schedule, _ = search(lambda: model(own), noise[own], wanted(own), nfe, candidates=candidates)
    schedule.write(output)
    truth = wanted(other)
    for name, sampler in [*((peer, get_sampler(peer)) for peer in PEERS), ("usf", Scheduled(schedule))]:
        error = (sampler.generate(model(other), noise[other], nfe) - truth).square().mean().sqrt()
        print(f"{name:10s} error {float(error):.4f} with {nfe} evaluations, on windows that the search never saw")
    print(f"schedule: {output}")


if __name__ == "__main__":
    sys.exit(main())
