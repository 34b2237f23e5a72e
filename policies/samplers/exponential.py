"""Exponential multistep integration in λ of any order, of the noise or of the data prediction, and searched schedules.

x_t = (α_t/α_s) x − α_t ∫ e^(−λ) e dλ = (σ_t/σ_s) x + σ_t ∫ e^λ x0 dλ, with the Lagrange polynomial through the last
predictions in place of e or x0. A schedule says for each step when, of which order and of what: the search space of the
unified sampling framework (Liu et al., 2023, arXiv:2312.07243), without its correctors and its learned performance
model. What a good schedule is depends on the model and the budget; ``samplers.search`` finds one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path as FilePath
from typing import Literal

import numpy as np
from torch import Tensor

from simplatform.errors import DataError, SolverError
from simplatform.policies.samplers.base import Sampler
from simplatform.policies.samplers.denoiser import Denoiser
from simplatform.policies.samplers.path import Path
from simplatform.runs.files import read_json, reading, write_json

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
HIGHEST = 4


@dataclass(frozen=True)
class Step:
    """One step: where it begins, as a share of the range of λ (0 = noise, 1 = data), its order, and its prediction."""

    at: float
    order: int = 1
    prediction: Literal["noise", "data"] = "data"


@dataclass(frozen=True)
class Schedule:
    """The steps of a sampler, the first at 0, rising; the last one ends at 1."""

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        """Check the steps.

        Raises:
            DataError: they do not rise from 0 to below 1, or have another order or prediction.
        """
        at = [step.at for step in self.steps]
        if not at or at[0] != 0 or not all(earlier < later for earlier, later in pairwise([*at, 1.0])):
            raise DataError(f"a schedule's steps must begin at 0 and rise to below 1, got {at}")
        if any(s.order not in range(1, HIGHEST + 1) or s.prediction not in ("noise", "data") for s in self.steps):
            raise DataError(f"a step has an order from 1 to {HIGHEST} and the prediction noise or data: {self.steps}")

    @classmethod
    def read(cls, path: FilePath) -> Schedule:
        """Read what ``write`` wrote.

        Raises:
            DataError: it is not a schedule.
        """
        with reading(f"{path} is not a sampling schedule: expected {{'steps': [{{'at', 'order', 'prediction'}}, …]}}"):
            return cls(tuple(Step(**step) for step in read_json(path)["steps"]))

    def write(self, path: FilePath) -> None:
        """Write it as JSON."""
        write_json(path, {"steps": [asdict(step) for step in self.steps]})

    def times(self, path: Path) -> list[float]:
        """Return the times of a path, one more than steps."""
        first, last = path.log_snr(path.first), path.log_snr(path.last)
        inner = [path.time(first + step.at * (last - first)) for step in self.steps[1:]]
        return [path.first, *inner, path.last]


class Scheduled(Sampler):
    """Follows a schedule: its number of steps is the number of evaluations."""

    def __init__(self, schedule: Schedule | str | FilePath) -> None:
        """Take a schedule, or the file of one."""
        self.schedule = schedule if isinstance(schedule, Schedule) else Schedule.read(FilePath(schedule))
        self.order = 1

    def steps(self, nfe: int) -> int:
        """Return the schedule's steps.

        Raises:
            SolverError: the budget does not pay them.
        """
        count = len(self.schedule.steps)
        if nfe < count:
            raise SolverError(f"this schedule has {count} steps of one evaluation, got nfe={nfe}")
        return count

    def generate(self, denoiser: Denoiser, x: Tensor, nfe: int) -> Tensor:
        """Sample at the schedule's own times."""
        self.steps(nfe)
        return self.sample(denoiser, x, self.schedule.times(denoiser.path))

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        path, logs = denoiser.path, [denoiser.path.log_snr(t) for t in times]
        seen: list[tuple[Tensor, Tensor]] = []
        for i, step in enumerate(self.schedule.steps):
            seen = [denoiser.both(x, times[i]), *seen[: HIGHEST - 1]]
            order = min(step.order, len(seen))
            nodes = [logs[i - j] for j in range(order)]
            kind = 0 if step.prediction == "data" else 1
            parts = [
                (both[kind], w) for both, w in zip(seen, weights(nodes, logs[i + 1], step.prediction), strict=False)
            ]
            x = _advance(path, x, parts, times[i], times[i + 1], step.prediction)
        return x


def weights(nodes: Sequence[float], end: float, prediction: Literal["noise", "data"]) -> list[float]:
    """Return ∫ e^(±(λ − end)) L_j(λ) dλ from ``nodes[0]`` to ``end``, for the Lagrange polynomials on ``nodes``.

    The sign is + for data and − for noise.
    """
    sign, start = (1.0 if prediction == "data" else -1.0), nodes[0]
    at = 0.5 * (end - start) * NODES + 0.5 * (end + start)
    scale = 0.5 * (end - start) * WEIGHTS * np.exp(sign * (at - end))
    found = []
    for j, node in enumerate(nodes):
        basis = np.ones_like(at)
        for k, other in enumerate(nodes):
            if k != j:
                basis = basis * (at - other) / (node - other)
        found.append(float(scale @ basis))
    return found


def _advance(
    path: Path,
    x: Tensor,
    parts: Sequence[tuple[Tensor, float]],
    s: float,
    t: float,
    prediction: Literal["noise", "data"],
) -> Tensor:
    if prediction == "data":  # σ_t ∫ e^λ x0 = σ_t e^(λ_t) ∫ e^(λ − λ_t) x0 = α_t ∫ e^(λ − λ_t) x0
        x, factor = path.sigma(t) / path.sigma(s) * x, path.alpha(t)
    else:  # −α_t ∫ e^(−λ) e = −σ_t ∫ e^(λ_t − λ) e
        x, factor = path.alpha(t) / path.alpha(s) * x, -path.sigma(t)
    for value, weight in parts:
        x = x + factor * weight * value
    return x


def uniform(steps: int, order: int = 2, prediction: Literal["noise", "data"] = "data") -> Schedule:
    """Return a schedule uniform in λ."""
    return Schedule(tuple(Step(i / steps, order, prediction) for i in range(steps)))


def on_grid(path: Path, times: Sequence[float], order: int, prediction: Literal["noise", "data"]) -> Schedule:
    """Return a schedule with the steps of a grid of times, all alike."""
    first, last = path.log_snr(path.first), path.log_snr(path.last)
    inner = [(path.log_snr(t) - first) / (last - first) for t in times[1:-1]]
    return Schedule(tuple(Step(at, order, prediction) for at in (0.0, *inner)))
