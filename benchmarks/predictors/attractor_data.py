"""Trajectories of dysts' attractors as the benchmark sees them: made once per system, for every method.

50 samples a period, as in the tasks ``dysts/NAME``, but shorter series: 4 000 samples to learn from (80 periods),
1 500 for validation, and test starts of which a window is seen and 1 500 steps are to be said. Errors are in units of
the training trajectory's spread.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.envs.dynamics.systems import find_system
from simplatform.envs.dynamics.truth import all_settled, bundle, trajectory

TRAIN, VALIDATION, TEST = 4_000, 1_500, 1_500
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Variant:
    """How a system is measured: a window of ``window`` samples, noise as a share of the spread, which components."""

    window: int = 8
    noise: float = 0.0
    observed: int = 0


VARIANTS = {
    "clean": Variant(),
    "noise 1 %": Variant(32, 0.01),
    "noise 5 %": Variant(32, 0.05),
    "one component": Variant(32, 0.0, 1),
}
"""``observed`` is the number of components that are measured; 0 = all."""


@dataclass(frozen=True)
class Data:
    """One system: ``windows (N, q, d)`` and ``truth (N, T, d)`` are those of the test starts."""

    signature: Signature
    train: Demonstrations
    validation: Demonstrations
    windows: Tensor
    truth: Array
    scale: Array
    lyapunov: float
    dt: float


@dataclass(frozen=True)
class Paths:
    """True trajectories of one system."""

    name: str
    train: Array
    validation: Array
    test: Array
    lyapunov: float
    dt: float


def kept(name: str, seed: int, starts: int, folder: Path | None) -> Paths:
    """Return what ``paths`` does, from a folder where it has been before."""
    file = None if folder is None else folder / f"{name}-{seed}-{starts}.npz"
    if file is not None and file.exists():
        with np.load(file) as found:
            return Paths(name, found["train"], found["validation"], found["test"], *map(float, found["facts"]))
    made = paths(name, seed, starts)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        facts = [made.lyapunov, made.dt]
        np.savez(file, train=made.train, validation=made.validation, test=made.test, facts=facts)
    return made


def paths(name: str, seed: int, starts: int) -> Paths:
    """Integrate a system of dysts from starts that the seed decides."""
    system, random = find_system(f"dysts/{name}"), np.random.default_rng([seed, 20])
    first = np.stack([system.initial(random) for _ in range(starts + 2)])
    waits = np.array([system.settle(random) for _ in range(starts + 2)])
    first = all_settled(system, first, waits)
    window = max(variant.window for variant in VARIANTS.values())
    times = [system.dt * np.arange(window + length) for length in (TRAIN, VALIDATION, TEST)]
    test = bundle(system, first[2:], np.broadcast_to(times[2], (starts, len(times[2]))))
    long = [trajectory(system, start, t) for start, t in zip(first, times, strict=False)]
    return Paths(name, long[0], long[1], test, system.lyapunov or 1.0, system.dt)


def data(found: Paths, variant: Variant, seed: int) -> Data:
    """Return what a variant measures of trajectories; the newest sample of a window is the same in all variants."""
    random = np.random.default_rng([seed, 21])
    components = slice(0, variant.observed or None)
    train, validation, test = (part[..., components] for part in (found.train, found.validation, found.test))
    scale, longest = train.std(0), max(other.window for other in VARIANTS.values())
    measured = [part + variant.noise * scale * random.standard_normal(part.shape) for part in (train, validation, test)]
    size = (variant.window, train.shape[1])
    facts: dict[str, Any] = {"dt": found.dt, "fields": 0, "system": f"dysts/{found.name}", "dim": size[1]}
    return Data(
        Signature({"window": size}, size[1:], facts),
        _episode(measured[0], variant.window),
        _episode(measured[1], variant.window),
        torch.as_tensor(measured[2][:, longest - variant.window : longest]),
        test[:, longest:],
        scale,
        found.lyapunov,
        found.dt,
    )


def _episode(states: Array, window: int) -> Demonstrations:
    windows = np.lib.stride_tricks.sliding_window_view(states, window, axis=0).transpose(0, 2, 1)
    return Demonstrations([Episode({"window": windows}, states[window:])])
