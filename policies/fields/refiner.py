"""PDE-Refiner: a forecast that is refined at ever smaller amplitudes (Lippe et al., 2023, arXiv:2308.05732)."""

from __future__ import annotations

import torch
from pydantic import Field, model_validator
from torch import Generator, Tensor, nn

from simplatform.contracts import Loss, Signature
from simplatform.policies.fields.refinement import Refinement
from simplatform.policies.fields.unet import UNet, UNetConfig
from simplatform.policies.samplers import get_sampler
from simplatform.seeding import integers, normal


class RefinerConfig(UNetConfig):
    """The U-Net's settings, and the refinement's."""

    refinements: int = Field(3, ge=1, description="refinements after the first forecast, K")
    minimum: float = Field(4e-7, gt=0, lt=1, description="variance of the last refinement's noise, σ_min")
    nfe: int = Field(0, ge=0, description="calls of the network a frame; 0 = K + 1")
    sampler: str = Field(
        "", description="sampler of the refinements, from 3 calls on; empty: the published ancestral steps"
    )

    @model_validator(mode="after")
    def _calls_are_there(self) -> RefinerConfig:
        if not self.sampler and self.nfe > self.refinements + 1:
            raise ValueError(
                f"nfe={self.nfe} exceeds the {self.refinements + 1} published calls; a sampler takes more: "
                "policy.sampler=ddim"
            )
        if self.sampler and self.refinements < 2:
            raise ValueError("a sampler goes between levels: policy.refinements must be 2 or more")
        return self


class Refiner(UNet):
    """The U-Net, called K + 1 times a frame: it sees the history and its own forecast under noise."""

    extra_inputs = 1

    def __init__(self, config: RefinerConfig, signature: Signature) -> None:
        """Build the network, and find the sampler.

        Raises:
            UnknownName: there is no such sampler.
            SolverError: the sampler needs more calls for one step than there are.
        """
        super().__init__(config, signature)
        self.refinement = Refinement(config.refinements, config.minimum)
        self._calls = config.nfe or config.refinements + 1
        self._sampler = get_sampler(config.sampler) if config.sampler else None
        if self._sampler is not None and self._calls > 2:
            self._sampler.steps(self._calls - 2)

    @property
    def nfe(self) -> float:
        """Evaluations of the network per frame."""
        return float(self._calls)

    def step(self, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Return a refined increment."""
        return self.refined(self.network, fields, parameters, generator)

    def refined(self, network: nn.Module, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Return the increment that a network refines."""
        history = fields.flatten(1, 2)

        def call(noised: Tensor, level: Tensor) -> Tensor:
            return self.ask(network, torch.cat((history, noised), 1), parameters, level)

        def noise() -> Tensor:
            return _noise(history[:, : self.channels], generator)

        if self._sampler is not None:
            return self.refinement.follow(call, noise(), self._sampler, self._calls)
        return self.refinement.sample(call, noise, self._calls)

    def step_loss(self, fields: Tensor, parameters: Tensor, target: Tensor, generator: Generator) -> Loss:
        """Return the mean square error of the velocity at levels drawn evenly."""
        levels = integers(self.refinement.steps + 1, (len(target),), generator, target.device)
        noised, velocity = self.refinement.noised(target, _noise(target, generator), levels)
        seen = torch.cat((fields.flatten(1, 2), noised), 1)
        answer = self.call(seen, parameters, self.refinement.conditions(levels.float()))
        return Loss((answer - velocity).square().mean())


def _noise(like: Tensor, generator: Generator) -> Tensor:
    return normal(like.shape, generator, like)
