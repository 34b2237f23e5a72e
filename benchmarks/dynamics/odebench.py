"""ODEBench's ten two-dimensional families as demonstrations, for reconstruction.py where no task of that name is there.

Equations, reference parameters, initial states and horizons: d'Ascoli et al. (2024, arXiv:2310.05573), problems 24, 25,
28, 32, 34, 35, 37, 38, 39, 40. Training parameters span ±10 % of the reference, out-of-distribution ones are 0.8, 0.85,
1.15 and 1.2 times it. Initial states are uniform between the two reference ones, other ones for every environment and
split; the truth is DOP853 at rtol 1e-9; 20 samples.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode

Array = NDArray[np.float64]
SAMPLES = 20
OOD = (0.8, 0.85, 1.15, 1.2)
ENVIRONMENTS = {"odebench-4": 5, "odebench-10a": 5, "odebench-10b": 16}
SMALL = (24, 32, 35, 40)
SPLITS = ("train", "validation", "test", "ood")


@dataclass(frozen=True)
class Problem:
    """One family: right-hand side, reference parameters, the two reference initial states, and the horizon."""

    field: Callable[[float, float, tuple[float, ...]], tuple[float, float]]
    reference: tuple[float, ...]
    starts: tuple[tuple[float, float], tuple[float, float]]
    horizon: float


sin, cos, tan = np.sin, np.cos, np.tan
PROBLEMS = {
    24: Problem(lambda x, y, c: (y, -c[0] * x), (2.1,), ((0.4, -0.03), (0, 0.2)), 10),
    25: Problem(lambda x, y, c: (y, -c[0] * x - c[1] * y), (4.5, 0.43), ((0.12, 0.043), (0, -0.3)), 8),
    28: Problem(lambda x, y, c: (y, -c[0] * sin(x)), (0.9,), ((-1.9, 0), (0.3, 0.8)), 15),
    32: Problem(lambda x, y, c: (y, -c[0] * y - x**3 + x), (0.18,), ((-1.8, -1.8), (-2.8, 1)), 5),
    34: Problem(lambda x, y, c: (y, (cos(x) - c[0]) * sin(x)), (0.93,), ((2.1, 0), (-1.2, -0.2)), 20),
    35: Problem(
        lambda x, y, c: (cos(x) / tan(y), sin(x) * (c[0] * sin(y) ** 2 + cos(y) ** 2)),
        (4.2,), ((1.13, -0.3), (0.7, -1.7)), 5,
    ),
    37: Problem(lambda x, y, c: (y, -c[0] * y * (x * x - 1) - x), (0.43,), ((2.2, 0), (0.1, 3.2)), 15),
    38: Problem(lambda x, y, c: (c[0] * (x + y - x**3 / 3), -x / c[0]), (3.37,), ((0.7, 0), (-1.1, -0.7)), 15),
    39: Problem(
        lambda x, y, c: (c[0] * y + x * x * y - x, c[1] - c[0] * x - x * x * y),
        (2.4, 0.07), ((0.4, 0.31), (0.2, -0.7)), 4,
    ),
    40: Problem(lambda x, y, c: (y, c[0] * y * (1 - x * x) - x), (0.886,), ((0.63, -0.03), (0.2, 0.2)), 10),
}  # fmt: skip


def signature() -> Signature:
    """Return the signature that these demonstrations have."""
    shapes = {"support": (3, SAMPLES, 2), "initial": (2,), "times": (SAMPLES,), "labels": (2,)}
    return Signature(shapes, (SAMPLES, 2))


def load(task: str, seed: int) -> dict[str, Demonstrations]:
    """Return the splits train, validation, test and ood of a collection."""
    plan = {"train": (3, 1), "validation": (4, 1), "test": (4, 1), "ood": (1, 2)}
    return {split: _split(task, seed, split, *counts) for split, counts in plan.items()}


def _split(task: str, seed: int, split: str, support: int, repeats: int) -> Demonstrations:
    numbers = SMALL if task == "odebench-4" else tuple(PROBLEMS)
    episodes, environment = [], itertools.count()
    for family, problem in enumerate(PROBLEMS[number] for number in numbers):
        for parameters in _parameters(problem, ENVIRONMENTS[task], split == "ood"):
            number = next(environment)
            for repeat in range(repeats):
                random = np.random.default_rng(
                    [seed, ("train", "validation", "test", "ood").index(split), number, repeat]
                )
                episodes.append(_episode(problem, parameters, support, random, family, number, split == "ood"))
    return Demonstrations(episodes)


def _parameters(problem: Problem, count: int, ood: bool) -> list[tuple[float, ...]]:
    if ood:
        return [tuple(share * value for value in problem.reference) for share in OOD]
    values = math.ceil(count ** (1 / len(problem.reference)) - 1e-9)
    grids = [np.linspace(0.9 * value, 1.1 * value, values) for value in problem.reference]
    return [tuple(point) for point in itertools.product(*grids)][:count]


def _episode(
    problem: Problem,
    parameters: tuple[float, ...],
    support: int,
    random: np.random.Generator,
    family: int,
    number: int,
    ood: bool,
) -> Episode:
    times = np.linspace(0, problem.horizon, SAMPLES)
    low, high = np.minimum(*problem.starts), np.maximum(*problem.starts)
    paths = np.stack([_path(problem, parameters, random.uniform(low, high), times) for _ in range(support + 1)])
    labels = np.array([family, -1 if ood else number], float)
    seen = {"support": paths[:-1], "initial": paths[-1, 0], "times": times, "labels": labels}
    infos = {"environment": np.array([float(number)]), "family": np.array([float(family)])}
    return Episode({key: np.stack([value, value]) for key, value in seen.items()}, paths[-1:], infos)


def _path(problem: Problem, parameters: tuple[float, ...], start: Array, times: Array) -> Array:
    def field(t: float, z: Array) -> tuple[float, float]:
        return problem.field(z[0], z[1], parameters)

    found = solve_ivp(field, (0, times[-1]), start, t_eval=times, method="DOP853", rtol=1e-9, atol=1e-11)
    return found.y.T
