"""ODE solvers: batched, on any device, differentiable through their steps, counting function evaluations.

One method per file. ``get_solver(name)`` finds any that is registered, those of other plugins included.

>>> import torch
>>> times = torch.linspace(0, 1, 11, dtype=torch.float64)
>>> solution = get_solver("rk4").solve(lambda t, x: -x, torch.ones(1, 1, dtype=torch.float64), times)
>>> f"{solution.states[-1].item():.6f} after {solution.nfe} evaluations"
'0.367880 after 40 evaluations'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simplatform.solvers.base import Field, ODESolver, Solution
from simplatform.solvers.dop853 import DOP853
from simplatform.solvers.dopri5 import Dopri5
from simplatform.solvers.euler import Euler
from simplatform.solvers.heun import Heun
from simplatform.solvers.midpoint import Midpoint
from simplatform.solvers.rk4 import RK4
from simplatform.solvers.rkc import RKC
from simplatform.solvers.tsit5 import AdaptiveTsit5, Tsit5

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DOP853",
    "RK4",
    "RKC",
    "AdaptiveTsit5",
    "Dopri5",
    "Euler",
    "Field",
    "Heun",
    "Midpoint",
    "ODESolver",
    "Solution",
    "Tsit5",
    "get_solver",
]


def get_solver(name: str, **settings: Any) -> ODESolver:
    """Return a registered ODE solver by name.

    Raises:
        UnknownName: no solver of that name; near names are suggested.
        ConfigError: the solver does not take these settings.
    """
    from simplatform.errors import ConfigError
    from simplatform.plugin_host.host import get_host

    registry = get_host().registry("solver")
    target: Any = registry.get(name).load()
    kind: Mapping[str, Any] = registry.get(name).extra
    if kind.get("kind") != "ode":
        raise ConfigError(f"solver {name!r} is of kind {kind.get('kind')!r}; an ODE solver is needed here")
    try:
        solver: ODESolver = target(**settings)
    except TypeError as error:
        raise ConfigError(f"solver {name!r} does not take {settings}: {error}") from error
    return solver
