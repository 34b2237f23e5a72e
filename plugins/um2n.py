"""UM2N: universal mesh movement network (Zhang et al., NeurIPS 2024, arXiv:2407.00382)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "um2n",
        "simplatform.policies.mesh.um2n:UM2N",
        config="simplatform.policies.mesh.um2n:UM2NConfig",
        importer="simplatform.policies.mesh.um2n:import_official",
        pretrained="simplatform.policies.mesh:pretrained/um2n",
        help="graph transformer + graph-attention deformer, imitates Monge–Ampère",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    train = {"train.steps": 2000, "train.batch": 4, "train.lr": 3e-3, "train.clip": 1.0}
    # A share of 0.8 was chosen on validation problems: all of the expert's movement is more than errors ask for.
    policy = {"policy.potential": True, "policy.coordinates": 1.0, "policy.chamfer": 0.0, "policy.share": 0.8}
    register("um2n", policy="um2n", task="helmholtz", settings={**train, **policy})
