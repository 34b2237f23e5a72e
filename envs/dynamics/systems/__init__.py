"""Systems, one file each, found by name."""

from __future__ import annotations

from simplatform.envs.dynamics.catalogue import PREFIX
from simplatform.envs.dynamics.systems.attractors import attractor
from simplatform.envs.dynamics.systems.base import System
from simplatform.envs.dynamics.systems.brusselator import BRUSSELATOR
from simplatform.envs.dynamics.systems.chua import CHUA
from simplatform.envs.dynamics.systems.double_pendulum import DOUBLE_PENDULUM
from simplatform.envs.dynamics.systems.glycolytic import GLYCOLYTIC
from simplatform.envs.dynamics.systems.gray_scott import GRAY_SCOTT
from simplatform.envs.dynamics.systems.kuramoto_sivashinsky import KURAMOTO_SIVASHINSKY
from simplatform.envs.dynamics.systems.lorenz63 import LORENZ63
from simplatform.envs.dynamics.systems.lorenz96 import LORENZ96
from simplatform.envs.dynamics.systems.lotka_volterra import LOTKA_VOLTERRA
from simplatform.envs.dynamics.systems.navier_stokes import NAVIER_STOKES
from simplatform.envs.dynamics.systems.nlse import NLSE
from simplatform.envs.dynamics.systems.odebench import ODEBENCH
from simplatform.envs.dynamics.systems.rossler import ROSSLER
from simplatform.envs.dynamics.systems.selkov import SELKOV
from simplatform.errors import UnknownName

ALL = (
    LORENZ63, LORENZ96, ROSSLER, CHUA, DOUBLE_PENDULUM, KURAMOTO_SIVASHINSKY, *NLSE,
    LOTKA_VOLTERRA, GLYCOLYTIC, SELKOV, BRUSSELATOR, *ODEBENCH.values(), GRAY_SCOTT, NAVIER_STOKES,
)  # fmt: skip
SYSTEMS = {system.name: system for system in ALL}

__all__ = ["LORENZ63", "LOTKA_VOLTERRA", "SYSTEMS", "System", "find_system"]


def find_system(name: str) -> System:
    """Return a system by name; ``dysts/NAME`` is that attractor of the dysts package.

    Raises:
        UnknownName: no such system; near names are suggested.
        MissingDependency: the name is one of dysts, which is not there.
    """
    if name.startswith(PREFIX):
        return attractor(name.removeprefix(PREFIX))
    if name not in SYSTEMS:
        raise UnknownName("system", name, SYSTEMS)
    return SYSTEMS[name]
