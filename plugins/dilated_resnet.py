"""One step of a PDE by a dilated ResNet (Stachenfeld et al., 2022, arXiv:2112.15275)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "dilated-resnet",
        "simplatform.policies.fields.resnet:ResNet",
        config="simplatform.policies.fields.resnet:ResNetConfig",
        help="a dilated ResNet that forecasts fields of PDEs, frame by frame",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register(
        "dilated-resnet",
        policy="dilated-resnet",
        task="fields/kuramoto-sivashinsky",
        settings={"train.steps": 2000, "train.batch": 32},
    )
