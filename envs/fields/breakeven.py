"""After how many solves a surrogate has paid for itself, against the cheapest classical solver of equal error.

The opponent is coarsened: fewer points, longer steps, single precision, until its error is just that of the surrogate
(after Breakeven complexity, arXiv:2605.15399). Whether a surrogate ever pays is then a matter of seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from simplatform.contracts import Facts
from simplatform.envs.fields import scores
from simplatform.envs.fields.coarse import Advance, coarse_solver, problem_of
from simplatform.envs.fields.environment import FieldEnv

SHARES = (0.25, 0.375, 0.5, 0.75, 1.0)
"""Parts of the grid that are tried in every direction."""
SUBSTEPS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Solver:
    """A coarsened solver: its settings, its error (nRMSE, mean over frames) and seconds per frame."""

    points: int
    substeps: int
    error: float
    seconds: float


@dataclass(frozen=True)
class BreakEven:
    """Costs in seconds: data and training once, a frame of a forecast by either side; no ``solver``: none found."""

    data: float
    training: float
    surrogate: float
    solver: Solver | None
    frames: int

    @property
    def solves(self) -> float:
        """Forecasts after which the surrogate has cost less; infinite where it never does."""
        if self.solver is None:
            return float("nan")
        gain = (self.solver.seconds - self.surrogate) * self.frames
        return (self.data + self.training) / gain if gain > 0 else float("inf")


def equal_solver(facts: Facts, truth: Tensor, parameters: Tensor, target: float) -> Solver | None:
    """Return the cheapest coarsened solver whose error is at most ``target``, or None where none reaches it.

    ``truth`` is ``(B, frames + 1, C, *points)``, ``parameters`` ``(B, P)``. Settings are tried from cheap to dear, by
    what they should cost; the seconds are then measured.
    """
    for points, substeps in _settings(truth.shape[-1]):
        advance = coarse_solver(facts, points, substeps)
        error, seconds = _tried(advance, truth, parameters, target)
        if error <= target:
            return Solver(points, substeps, error, seconds)
    return None


def break_even(
    env: FieldEnv,
    seeds: Sequence[int],
    *,
    error: float,
    trajectories: int,
    length: int,
    training: float,
    forecast: float,
) -> BreakEven:
    """Measure the classical side on an environment's episodes of these ``seeds``, and weigh it against a surrogate.

    Args:
        env: shows the truth; is reset.
        seeds: of its episodes; a few are enough.
        error: of the surrogate, nRMSE, mean over frames.
        trajectories: that taught the surrogate, of ``length`` frames each.
        length: of a trajectory, frames.
        training: s.
        forecast: s per frame of the surrogate.
    """
    facts = Facts.read(env.metadata["simplatform"])
    truths, given = [], []
    for seed in seeds:
        env.reset(seed=seed)
        truths.append(torch.tensor(env.truth))
        given.append(torch.from_numpy(env.values))
    truth, parameters = torch.stack(truths), torch.stack(given)
    return BreakEven(
        data=trajectories * data_seconds(facts, length),
        training=training,
        surrogate=forecast,
        solver=equal_solver(facts, truth, parameters, error),
        frames=truth.shape[1] - 1,
    )


def data_seconds(facts: Facts, frames: int) -> float:
    """Return what the resolved solver needs for one trajectory of ``frames`` frames, its burn-in included."""
    problem = problem_of(facts)
    start, values = problem.draw(np.random.default_rng(0))
    solver = problem.solver(values[None])
    return _seconds(lambda: solver.advance(start[None], 2)) / 2 * (frames + problem.burn_in)


def _settings(points: int) -> Iterator[tuple[int, int]]:
    """Yield points and substeps, cheapest first."""
    sizes = sorted({max(2 * round(share * points / 2), 8) for share in SHARES})
    yield from sorted(((n, steps) for n in sizes for steps in SUBSTEPS), key=lambda pair: pair[0] * pair[1])


def _tried(advance: Advance, truth: Tensor, parameters: Tensor, target: float) -> tuple[float, float]:
    """Return the mean error of a forecast in closed loop, and seconds per frame of one episode alone."""
    field, errors = truth[:, 0].float(), list[float]()
    frames = truth.shape[1] - 1
    with torch.no_grad():
        for frame in range(1, frames + 1):
            field = advance(field, parameters)
            if not bool(torch.isfinite(field).all()):
                return float("inf"), float("nan")
            pairs = zip(field.double().numpy(), truth[:, frame].double().numpy(), strict=True)
            errors.append(float(np.mean([scores.nrmse(found, true) for found, true in pairs])))
            if sum(errors) > target * frames:
                return float("inf"), float("nan")
        seconds = _seconds(lambda: advance(truth[:1, 0].float(), parameters[:1]))
    return float(np.mean(errors)), seconds


def _seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """Return the median seconds of a call, the first left out."""
    spent = []
    with torch.no_grad():
        for _ in range(repeats + 1):
            began = time.perf_counter()
            run()
            spent.append(time.perf_counter() - began)
    return float(np.median(spent[1:]))
