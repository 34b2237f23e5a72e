"""Movers that learn from the solver: um2n-energy (error or Ritz energy), ugm2n (equidistribution), r-adapt (direct
descent).

ugm2n follows the loss of UGM2N (arXiv:2508.08615) on UM2N's network.
"""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register

POLICIES = "simplatform.policies.mesh"
OBJECTIVES = "simplatform.envs.mesh.movers.objectives"


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "um2n-energy",
        f"{POLICIES}.energy:UM2NEnergy",
        config=f"{POLICIES}.energy:ObjectiveConfig",
        pretrained=f"{POLICIES}:pretrained/um2n-energy",
        help="UM2N trained through the differentiable solver",
    )
    register(
        "ugm2n",
        f"{POLICIES}.energy:UM2NEnergy",
        config=f"{POLICIES}.energy:UGM2NConfig",
        pretrained=f"{POLICIES}:pretrained/ugm2n",
        help="UM2N trained on equidistribution, unsupervised",
    )
    register(
        "r-adapt",
        f"{POLICIES}.refine:RAdapt",
        config=f"{POLICIES}.refine:RAdaptConfig",
        help="direct descent on the solver's error: slow, an upper bound",
    )


@hookimpl
def register_solvers(register: Register) -> None:
    for problem in ("helmholtz", "poisson"):
        register(f"mesh/{problem}-error", f"{OBJECTIVES}:{problem}_error", kind="pde", help="log L2 error")
    register("mesh/helmholtz-energy", f"{OBJECTIVES}:helmholtz_energy", kind="pde", help="Ritz energy")
    register("mesh/error", f"{OBJECTIVES}:recovered_error", kind="pde", help="log L2 error of a recovered solution")
    register("mesh/equidistribution", f"{OBJECTIVES}:equidistribution", kind="pde", help="spread of monitor × area")


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"train.steps": 1200, "train.batch": 4, "train.lr": 3e-3, "train.clip": 1.0, "policy.potential": True}
    register("um2n-energy", policy="um2n-energy", task="helmholtz", settings=settings)
    # As for um2n, a share of 0.8 is better on validation problems than all of the movement.
    register("ugm2n", policy="ugm2n", task="helmholtz", settings={**settings, "policy.share": 0.8})
    register("r-adapt", policy="r-adapt", task="helmholtz", settings={"task.episodes": 20})
