"""Families: one system with the parameter sets that training sees, and true out-of-distribution ones beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from simplatform.envs.dynamics.systems import find_system
from simplatform.envs.dynamics.systems.base import Array, System
from simplatform.errors import UnknownName

Parameters = Mapping[str, float]


@dataclass(frozen=True)
class Family:
    """A parametric family: ``train`` environments, ``ood`` ones that no training sees, and the data grid in time."""

    system: str
    train: tuple[Parameters, ...]
    ood: tuple[Parameters, ...]
    times: tuple[float, ...]

    def resolve(self) -> System:
        """Return the system."""
        return find_system(self.system)

    def environments(self, ood: bool) -> tuple[Parameters, ...]:
        """Return the parameter sets of one side."""
        return self.ood if ood else self.train

    def grid(self) -> Array:
        """Return the sampling times, in the system's own unit."""
        return np.asarray(self.times, float)


def _grid(values: tuple[float, ...]) -> tuple[Parameters, ...]:
    return tuple({"beta": beta, "delta": delta} for beta, delta in product(values, values))


# Kirchmeyer et al. (2022): alpha = gamma = 0.5; 20 samples half a time unit apart.
FAMILIES = {
    "lotka-volterra": Family(
        "lotka-volterra", _grid((0.5, 0.75, 1.0)), _grid((0.625, 1.125)), tuple(0.5 * i for i in range(20))
    ),
}


def find_family(name: str) -> Family:
    """Return a family by name.

    Raises:
        UnknownName: no such family; near names are suggested.
    """
    if name not in FAMILIES:
        raise UnknownName("family", name, FAMILIES)
    return FAMILIES[name]
