"""The coupled problems that come with the platform."""

from __future__ import annotations

from simplatform.envs.fields.coupled.base import Coupled
from simplatform.envs.fields.coupled.elder import Elder
from simplatform.envs.fields.coupled.electro_thermal import ElectroThermal
from simplatform.envs.fields.coupled.thermo_fluid import ThermoFluid
from simplatform.errors import UnknownName

COUPLED: dict[str, type[Coupled]] = {kind.name: kind for kind in (ElectroThermal, ThermoFluid, Elder)}


def find_coupled(name: str) -> Coupled:
    """Return a coupled problem by name.

    Raises:
        UnknownName: no such problem; near names are shown.
    """
    if name not in COUPLED:
        raise UnknownName("coupled problem", name, COUPLED, f"Problems: {', '.join(COUPLED)}.")
    return COUPLED[name]()
