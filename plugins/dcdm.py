"""DCDM: linear systems by conjugate directions that a network proposes (Kaneda et al., 2023, arXiv:2205.10763)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_solvers(register: Register) -> None:
    register(
        "dcdm",
        "simplatform.policies.mesh.dcdm:dcdm",
        kind="linear",
        help="conjugate directions from a network, in the plane: env.solver=dcdm",
    )
