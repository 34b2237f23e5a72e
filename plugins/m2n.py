"""M2N: mesh movement networks for PDE solvers (Song et al., NeurIPS 2022, arXiv:2204.11188)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "m2n",
        "simplatform.policies.mesh.m2n:M2N",
        config="simplatform.policies.mesh.um2n:UM2NConfig",
        pretrained="simplatform.policies.mesh:pretrained/m2n",
        help="CNN on a picture of the monitor + graph-attention deformer",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {
        "train.steps": 2000,
        "train.batch": 4,
        "train.lr": 3e-3,
        "train.clip": 1.0,
        "policy.area": 0.0,
        "policy.chamfer": 0.0,
        "policy.coordinates": 1.0,
        # As for um2n, a share of 0.8 is better on validation problems than all of the movement.
        "policy.share": 0.8,
    }
    register("m2n", policy="m2n", task="helmholtz", settings=settings)
