"""PDE problems, one family per file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from simplatform.errors import UnknownName, UsageError

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
    "pde": "pde:own_pde",
}
"""Problem families by name."""


def problem_class(name: str, file: str | Path = "") -> Any:
    """Return a problem family by its name; "pde" is that of a ``file``.

    Raises:
        UnknownName: no such family; near names are suggested.
        UsageError: a file that nobody named, or none where one is needed, or one where none is.
    """
    if (name == "pde") != bool(file):
        raise UsageError(
            "problem 'pde' is told by a Python file of forms: env.file=mine.py"
            if not file
            else f"env.file is read by problem 'pde', not by {name!r}: --task pde"
        )
    if name not in PROBLEMS:
        raise UnknownName("problem", name, PROBLEMS)
    module, _, attribute = PROBLEMS[name].partition(":")
    if name == "pde":
        return getattr(import_module(f"{__name__}.{module}"), attribute)(file)
    return getattr(import_module(f"{__name__}.{module}"), attribute)
