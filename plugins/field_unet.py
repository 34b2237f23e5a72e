"""One step of a PDE by a modern U-Net (Gupta & Brandstetter, 2022, arXiv:2209.15616)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "field-unet",
        "simplatform.policies.fields.unet:UNet",
        config="simplatform.policies.fields.unet:UNetConfig",
        help="a modern U-Net that forecasts fields of PDEs, frame by frame",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"train.steps": 3000, "train.batch": 32, "train.lr": 4e-3}
    register("field-unet", policy="field-unet", task="fields/kuramoto-sivashinsky", settings=settings)
