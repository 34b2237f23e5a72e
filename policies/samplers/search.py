"""Search of sampling schedules by evolution: times, orders and predictions of a fixed number of evaluations.

In the spirit of S³ (Liu et al., 2023, arXiv:2312.07243), but every candidate is really sampled: a policy's network is
cheap enough. What is found must be judged on noise that the search never saw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from simplatform.policies.samplers.base import Spacing, grid
from simplatform.policies.samplers.denoiser import Denoiser
from simplatform.policies.samplers.exponential import HIGHEST, Schedule, Scheduled, Step, on_grid
from simplatform.policies.samplers.path import Path

KEPT, SMALLEST = 8, 0.2
SPACINGS: tuple[Spacing, ...] = ("log_snr", "quadratic", "time")


def search(
    denoiser: Callable[[], Denoiser],
    noise: Tensor,
    wanted: Tensor,
    nfe: int,
    *,
    candidates: int = 400,
    seed: int = 0,
    highest: int = 3,
) -> tuple[Schedule, list[float]]:
    """Return the best schedule of ``nfe`` steps that was tried, and the best error after each candidate.

    Args:
        denoiser: makes what is sampled.
        noise: where samples start, ``(B, ...)``.
        wanted: where they should end: what a fine sampler makes of the same noise.
        nfe: evaluations.
        candidates: schedules to try, those that the search starts from included.
        seed: of the mutations.
        highest: highest order of a step, at most 4.
    """
    generator = np.random.default_rng(seed)

    @torch.no_grad()
    def error(schedule: Schedule) -> float:
        found = Scheduled(schedule).generate(denoiser(), noise, nfe)
        value = float((found - wanted).square().mean().sqrt())
        return value if np.isfinite(value) else np.inf

    kinds = starts(denoiser().path, nfe, highest)
    pool = sorted(((error(schedule), i, schedule) for i, schedule in enumerate(kinds)), key=lambda item: item[:2])
    history = [pool[0][0]] * len(kinds)
    for number in range(len(kinds), candidates):
        parent = pool[min(int(generator.exponential(2.0)), len(pool) - 1)][2]
        child = mutate(parent, generator, min(highest, HIGHEST))
        pool = sorted([*pool, (error(child), number, child)], key=lambda item: item[:2])[:KEPT]
        history.append(pool[0][0])
    return pool[0][2], history


def starts(path: Path, nfe: int, highest: int) -> list[Schedule]:
    """Return the regular schedules: every grid with every order and prediction."""
    return [
        on_grid(path, grid(path, nfe, spacing), order, what)
        for spacing in SPACINGS for order in range(1, highest + 1) for what in ("data", "noise")
    ]  # fmt: skip


def mutate(schedule: Schedule, generator: np.random.Generator, highest: int) -> Schedule:
    """Return a schedule with one step's time, order or prediction changed, or with all times warped."""
    steps = list(schedule.steps)
    index, choice = int(generator.integers(len(steps))), generator.random()
    if choice < 0.15:
        power = float(np.exp(0.2 * generator.normal()))
        return Schedule(tuple(replace(step, at=step.at**power) for step in steps))
    if choice < 0.6 and len(steps) > 1:
        index = max(index, 1)
        low, high = steps[index - 1].at, steps[index + 1].at if index + 1 < len(steps) else 1.0
        margin = SMALLEST * min(steps[index].at - low, high - steps[index].at)
        at = float(np.clip(steps[index].at + 0.25 * (high - low) * generator.normal(), low + margin, high - margin))
        steps[index] = replace(steps[index], at=at)
    elif choice < 0.8:
        steps[index] = replace(steps[index], order=int(generator.integers(1, highest + 1)))
    else:
        others: dict[str, Literal["data", "noise"]] = {"data": "noise", "noise": "data"}
        other = others[steps[index].prediction]
        steps[index] = Step(steps[index].at, steps[index].order, other)
    return Schedule(tuple(steps))
