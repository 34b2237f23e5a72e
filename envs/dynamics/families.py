"""Families: systems with the parameter sets that training sees, and true out-of-distribution ones beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from simplatform.envs.dynamics.systems import find_system
from simplatform.envs.dynamics.systems.base import Array, System
from simplatform.envs.dynamics.systems.odebench import ROWS
from simplatform.errors import UnknownName

Parameters = Mapping[str, float]
Box = tuple[tuple[float, ...], tuple[float, ...]]
Sides = tuple[tuple[Parameters, ...], tuple[Parameters, ...]]
"""Parameters that training sees, and those out of its distribution."""


@dataclass(frozen=True)
class Family:
    """A parametric family: ``train`` environments, ``ood`` ones that no training sees, and the data grid in time.

    ``box`` bounds initial states where not the system's own box does. Trajectories start after ``wait``.
    """

    system: str
    train: tuple[Parameters, ...]
    ood: tuple[Parameters, ...]
    times: tuple[float, ...]
    box: Box | None = None
    wait: float = 0.0

    def resolve(self) -> System:
        """Return the system."""
        return find_system(self.system)

    def environments(self, ood: bool) -> tuple[Parameters, ...]:
        """Return the parameter sets of one side."""
        return self.ood if ood else self.train

    def grid(self) -> Array:
        """Return the sampling times, in the system's own unit."""
        return np.asarray(self.times, float)

    def initial(self, random: np.random.Generator) -> Array:
        """Draw an initial state."""
        return self.resolve().initial(random) if self.box is None else random.uniform(*self.box)


def _even(step: float, samples: int) -> tuple[float, ...]:
    return tuple(step * i for i in range(samples))


def _product(**values: Sequence[float]) -> tuple[Parameters, ...]:
    return tuple(dict(zip(values, row, strict=True)) for row in product(*values.values()))


def _one(system: str, name: str, train: Sequence[float], ood: Sequence[float], step: float, samples: int) -> Family:
    return Family(system, _product(**{name: train}), _product(**{name: ood}), _even(step, samples))


def _scaled(system: str, count: int, ood: Sequence[float], low: float = 0.9, high: float = 1.1) -> Sides:
    """Return train and ood parameters around the reference: a grid of ``count``, and common factors outside it."""
    reference = find_system(system).parameters
    per_axis = int(np.ceil(count ** (1 / len(reference)) - 1e-9))
    factors = np.linspace(low, high, per_axis)
    train = [
        {name: value * factor for (name, value), factor in zip(reference.items(), row, strict=True)}
        for row in product(factors, repeat=len(reference))
    ]
    outside = [{name: value * factor for name, value in reference.items()} for factor in ood]
    return tuple(train[:count]), tuple(outside)


def _odebench(count: int, ood: Sequence[float]) -> tuple[Family, ...]:
    """Return the ten families with 20 samples each; parameters are not rounded, so that none is there twice."""
    return tuple(
        Family(f"odebench/{name}", *_scaled(f"odebench/{name}", count, ood), _even(row.horizon / 20, 20))
        for name, row in ROWS.items()
    )


# The four families of MixER's shipped data, with its constants, boxes and horizons; its splits leak, so ours are new.
_FOUR = {
    "harmonic": ((1.68, 1.89, 2.1, 2.31, 2.52), (1.5, 2.7), ((0.5, 0.5), (0.75, 0.75)), 6),
    "shear-flow": ((1.6, 1.8, 2.0, 2.2, 2.4), (1.4, 2.6), ((0.3, -0.5), (0.5, -0.3)), 6),
    "double-well": ((0.08, 0.09, 0.1, 0.11, 0.12), (0.07, 0.13), ((-0.7, -0.7), (-0.5, -0.5)), 8),
    "duffing": ((0.71, 0.8, 0.89, 0.97, 1.06), (0.63, 1.15), ((0.3, 0.0), (0.4, 0.1)), 8),
}


def _four() -> tuple[Family, ...]:
    return tuple(
        Family(f"odebench/{name}", _product(c0=train), _product(c0=ood), _even(horizon / 20, 20), box)
        for name, (train, ood, box, horizon) in _FOUR.items()
    )


_LEADS = (
    (0.5, 0.5), (0.25, 0.5), (0.75, 0.5), (1, 0.5), (0.5, 0.25), (0.5, 0.75), (0.5, 1), (0.25, 0.25), (0.75, 0.75),
    (1, 1),
)  # fmt: skip
_RHO = (22.0, 25.0, 28.0, 31.0, 34.0)

COLLECTIONS: dict[str, tuple[Family, ...]] = {
    # Kirchmeyer et al. (2022): alpha = gamma = 0.5; 20 samples half a time unit apart.
    "lotka-volterra": (
        Family(
            "lotka-volterra",
            _product(beta=(0.5, 0.75, 1.0), delta=(0.5, 0.75, 1.0)),
            _product(beta=(0.625, 1.125), delta=(0.625, 1.125)),
            _even(0.5, 20),
        ),
    ),
    # Yin et al. (2021): beta = delta = 0.5, ten pairs (alpha, gamma).
    "lotka-volterra-leads": (
        Family(
            "lotka-volterra",
            tuple({"alpha": a, "gamma": c, "beta": 0.5, "delta": 0.5} for a, c in _LEADS),
            tuple({"alpha": a, "gamma": c, "beta": 0.5, "delta": 0.5} for a, c in ((1.1, 0.5), (0.5, 1.1))),
            _even(0.5, 20),
        ),
    ),
    "glycolytic": (
        Family(
            "glycolytic",
            _product(k1=(100.0, 90.0, 80.0), K1=(1.0, 0.75, 0.5)),
            _product(k1=(85.0, 95.0), K1=(0.625, 0.875)),
            _even(0.05, 20),
        ),
    ),
    "selkov": (
        _one(
            "selkov", "b",
            [float(b) for a, z in ((-1, -0.25), (-0.1, 0.1), (0.25, 1)) for b in np.linspace(a, z, 7)],
            (-1.25, -0.65, -0.05, 0.02, 0.6, 1.2), 4.0, 11,
        ),
    ),
    "brusselator": (_one("brusselator", "b", (2.2, 2.4, 2.6, 2.8, 3.0, 3.2), (2.0, 3.4), 0.5, 20),),
    "lorenz63": (_one("lorenz63", "rho", _RHO, (20.0, 36.0), 0.05, 20),),
    "lorenz96": (_one("lorenz96", "forcing", (6.0, 7.0, 8.0, 9.0, 10.0), (5.0, 11.0), 0.05, 20),),
    # Kirchmeyer et al. (2022)
    "gray-scott": (
        Family(
            "gray-scott",
            _product(F=(0.03, 0.039), k=(0.058, 0.062)),
            _product(F=(0.033, 0.036), k=(0.059, 0.061)),
            _even(40.0, 10),
        ),
    ),
    "navier-stokes": (
        _one("navier-stokes", "nu", [n * 1e-4 for n in (8, 9, 10, 11, 12)], [n * 1e-4 for n in (7, 13)], 1.0, 10),
    ),
    "odebench-4": _four(),
    "odebench-10a": _odebench(5, (0.85, 1.15)),
    "odebench-10b": _odebench(16, (0.8, 0.85, 1.15, 1.2)),
}  # fmt: skip


def find_collection(name: str) -> tuple[Family, ...]:
    """Return the families of a collection by name.

    Raises:
        UnknownName: no such collection; near names are suggested.
    """
    if name not in COLLECTIONS:
        raise UnknownName("family", name, COLLECTIONS)
    return COLLECTIONS[name]


def numbered(collection: tuple[Family, ...], ood: bool) -> list[tuple[int, Parameters]]:
    """Return the environments of a collection in order: the index of its family, and its parameters."""
    return [(index, values) for index, family in enumerate(collection) for values in family.environments(ood)]
