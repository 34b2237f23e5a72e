"""Any attractor of the ``dysts`` package (Gilpin, 2021, arXiv:2110.05266), by name: ``dysts/Aizawa``.

Equations and initial states are the package's own; the sampling time is a fiftieth of the dominant period. Systems with
delays or a driving force are left out.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from simplatform.envs.dynamics.catalogue import PREFIX, catalogue
from simplatform.envs.dynamics.systems.base import Array, System
from simplatform.errors import MissingDependency, UnknownName

PER_PERIOD = 50


@cache
def attractor(name: str) -> System:
    """Return a system by its name in dysts, without the prefix.

    Raises:
        MissingDependency: dysts is not there.
        UnknownName: it has no such attractor, or one with delays or a driving force.
    """
    known = catalogue()
    if not known:
        raise MissingDependency(f"the system {PREFIX}{name} needs dysts: pip install 'simplatform[dynamics]'")
    if name not in known:
        raise UnknownName("system", PREFIX + name, [PREFIX + other for other in known])
    model = getattr(importlib.import_module("dysts.flows"), name)()
    centre = np.asarray(model.ic, float).ravel()
    width = 0.01 * np.maximum(np.abs(centre), 0.01)
    exponent = known[name].get("maximum_lyapunov_estimated")
    return System(
        name=PREFIX + name,
        dim=len(centre),
        parameters={},
        rhs=_right_hand_side(model),
        low=tuple(centre - width),
        high=tuple(centre + width),
        burn_in=20 * float(model.period),
        lyapunov=float(exponent) if exponent else None,
        source=str(known[name].get("citation", "")),
        dt=float(model.period) / PER_PERIOD,
        spread=1.0,
    )


def _right_hand_side(model: Any) -> Any:
    def rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
        return np.asarray(model.rhs(x, t), float)

    return rhs
