"""NeuralStagger: interleaved coarse grids, a network for each frame ahead (Huang et al., 2023, arXiv:2302.10255)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "neural-stagger",
        "simplatform.policies.fields.stagger:Stagger",
        config="simplatform.policies.fields.stagger:StaggerConfig",
        help="coarse networks on interleaved sub-grids, several frames at once",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"train.steps": 1000, "train.batch": 8, "train.lr": 4e-3}
    register("neural-stagger", policy="neural-stagger", task="fields/burgers-2d", settings=settings)
