"""``simplatform calibrate``: fit a sampler to a trained policy: a schedule (usf), or statistics (dpm-v3).

    simplatform calibrate RUN usf --nfe 5 -o schedule.json
    simplatform eval RUN --set sampler=usf:schedule.json --set nfe=5

Observations are those of the run's validation demonstrations (of its training ones, if it has none).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Protocol, runtime_checkable

import torch
import typer
from torch import Tensor

from simplatform.cli import options
from simplatform.contracts import Observation, Trainable
from simplatform.errors import UsageError
from simplatform.policies.samplers.denoiser import Denoiser
from simplatform.policies.samplers.dpm_solver_v3 import Statistics
from simplatform.policies.samplers.exponential import Scheduled
from simplatform.policies.samplers.search import search

FINE, WINDOWS = 100, 128
PEERS = ("ddim", "dpm++2m", "deis-tab2", "plms")


def command(
    run: options.RunPath,
    sampler: Annotated[str, typer.Argument(help="usf (a schedule) or dpm-v3 (statistics).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    nfe: Annotated[int, typer.Option(help="Evaluations of the schedule.", min=1)] = 5,
    candidates: Annotated[int, typer.Option(help="Schedules to try.", min=1)] = 300,
) -> None:
    """Fit a sampler to a run of a diffusion or flow policy: a searched schedule, or statistics of its network."""
    if sampler not in ("usf", "dpm-v3"):
        raise UsageError(f"only usf and dpm-v3 are fitted to a policy, got {sampler!r}")
    policy, condition = _load(run)
    if sampler == "usf":
        for name, error in search_for(policy, condition, nfe, candidates, output).items():
            typer.echo(f"{name:10s} error {error:.4f} with {nfe} evaluations, on windows that the search never saw")
    else:
        model = policy.denoiser(policy.unet.prepare(condition, policy.horizon))
        Statistics.measure(model, _noise(policy, condition)).write(output)
    typer.echo(f"use it: simplatform eval {run} --set sampler={sampler}:{output}")


@runtime_checkable
class Sampled(Trainable, Protocol):
    """A policy with an instantaneous field to sample: diffusion and flow."""

    unet: Any

    def condition(self, observation: Observation) -> Tensor:
        """Return the condition ``(B, G)`` of observations."""

    def denoiser(self, prepared: Any) -> Denoiser:
        """Return what samplers call, for a condition."""


def _load(run: Path) -> tuple[Sampled, Tensor]:
    """Return the policy and conditions of some of its windows."""
    from simplatform.api import load
    from simplatform.pipeline.collect import collect
    from simplatform.pipeline.fit import windows_of
    from simplatform.runs.rundir import RunDirectory

    recipe, policy = RunDirectory.open(run).recipe(), load(run)
    if not isinstance(policy, Sampled):
        raise UsageError(f"{recipe.policy} has no instantaneous field to sample: take a diffusion or flow policy")
    split, count = ("validation", recipe.validation) if recipe.validation else ("train", recipe.demonstrations)
    found = collect(recipe.task, count=count, seed=recipe.seed, split=split, attempts=recipe.data.attempts)
    windows = windows_of(policy, found.demonstrations)
    with torch.no_grad():
        return policy, policy.condition(windows.batch(WINDOWS, seed=0, step=0).observation)


def _noise(policy: Sampled, condition: Tensor) -> Tensor:
    shape = (len(condition), policy.horizon, policy.unet.action)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=condition.dtype)


@torch.no_grad()
def search_for(policy: Sampled, condition: Tensor, nfe: int, candidates: int, output: Path) -> dict[str, float]:
    """Search on half of the conditions, write the schedule, and return errors on the other half, regular ones beside.

    Errors are root mean squares of normalised chunks against ``FINE`` steps of DPM-Solver++(2M).
    """
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
    truth, samplers = wanted(other), {**{peer: get_sampler(peer) for peer in PEERS}, "usf": Scheduled(schedule)}
    found = {name: sampler.generate(model(other), noise[other], nfe) for name, sampler in samplers.items()}
    return {name: float((chunk - truth).square().mean().sqrt()) for name, chunk in found.items()}
