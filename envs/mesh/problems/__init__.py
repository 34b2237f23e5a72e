"""PDE problems, one family per file."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from simplatform.errors import UnknownName

PROBLEMS = {
    "helmholtz": "helmholtz:Helmholtz",
    "poisson": "poisson:Poisson",
    "helmholtz-ridge": "ridges:HelmholtzRidge",
    "poisson-ridge": "ridges:PoissonRidge",
    "nonlinear-poisson": "nonlinear_poisson:NonlinearPoisson",
    "thermo-electric": "thermo_electric:ThermoElectric",
    "heat": "heat:Heat",
    "burgers": "burgers:Burgers",
    "swirl": "swirl:Swirl",
    "cylinder": "cylinder:Cylinder",
    "tsunami": "shallow_water:ShallowWater",
}
"""Problem families by name."""


def problem_class(name: str) -> Any:
    """Return a problem family by its name.

    Raises:
        UnknownName: no such family; near names are suggested.
    """
    if name not in PROBLEMS:
        raise UnknownName("problem", name, PROBLEMS)
    module, _, attribute = PROBLEMS[name].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), attribute)
