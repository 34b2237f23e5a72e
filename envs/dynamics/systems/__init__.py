"""Systems, one file each, found by name."""

from __future__ import annotations

from simplatform.envs.dynamics.systems.base import System
from simplatform.envs.dynamics.systems.lorenz63 import LORENZ63
from simplatform.envs.dynamics.systems.lotka_volterra import LOTKA_VOLTERRA
from simplatform.errors import UnknownName

SYSTEMS = {system.name: system for system in (LORENZ63, LOTKA_VOLTERRA)}

__all__ = ["LORENZ63", "LOTKA_VOLTERRA", "SYSTEMS", "System", "find_system"]


def find_system(name: str) -> System:
    """Return a system by name.

    Raises:
        UnknownName: no such system; near names are suggested.
    """
    if name not in SYSTEMS:
        raise UnknownName("system", name, SYSTEMS)
    return SYSTEMS[name]
