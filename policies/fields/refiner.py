"""PDE-Refiner: a forecast that is refined at ever smaller amplitudes (Lippe et al., 2023, arXiv:2308.05732)."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Loss, Signature
from simplatform.policies.fields.refinement import Refinement
from simplatform.policies.fields.unet import UNet, UNetConfig
from simplatform.seeding import integers, normal


class RefinerConfig(UNetConfig):
    """The U-Net's settings, and the refinement's."""

    refinements: int = Field(3, ge=1, description="refinements after the first forecast, K")
    minimum: float = Field(4e-7, gt=0, lt=1, description="variance of the last refinement's noise, σ_min")


class Refiner(UNet):
    """The U-Net, called K + 1 times a frame: it sees the history and its own forecast under noise."""

    extra_inputs = 1

    def __init__(self, config: RefinerConfig, signature: Signature) -> None:
        super().__init__(config, signature)
        self.refinement = Refinement(config.refinements, config.minimum)

    @property
    def nfe(self) -> float:
        """Evaluations of the network per frame."""
        return self.refinement.steps + 1.0

    def step(self, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Return a refined increment."""
        history = fields.flatten(1, 2)

        def network(noised: Tensor, level: Tensor) -> Tensor:
            return self.call(torch.cat((history, noised), 1), parameters, level)

        return self.refinement.sample(network, lambda: _noise(history[:, : self.channels], generator))

    def step_loss(self, fields: Tensor, parameters: Tensor, target: Tensor, generator: Generator) -> Loss:
        """Return the mean square error of the velocity at levels drawn evenly."""
        levels = integers(self.refinement.steps + 1, (len(target),), generator, target.device)
        noised, velocity = self.refinement.noised(target, _noise(target, generator), levels)
        seen = torch.cat((fields.flatten(1, 2), noised), 1)
        answer = self.call(seen, parameters, self.refinement.conditions(levels.float()))
        return Loss((answer - velocity).square().mean())


def _noise(like: Tensor, generator: Generator) -> Tensor:
    return normal(like.shape, generator, like)
