"""Latent diffusion of whole trajectories on any nodes (Text2PDE: Zhou et al., 2024, arXiv:2410.01153)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "text2pde",
        "simplatform.policies.fields.latent_diffusion:LatentDiffusion",
        config="simplatform.policies.fields.latent_diffusion:LatentDiffusionConfig",
        help="a mesh autoencoder and diffusion in its latents: several frames at once, drawn by any sampler",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"train.steps": 4000, "train.batch": 16}
    register("text2pde", policy="text2pde", task="fields/burgers", settings=settings)
