"""One step by a modern U-Net, trained on its mean square error: the surrogate that others must beat."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Signature
from simplatform.errors import ContractError
from simplatform.policies.fields.base import FieldConfig, FieldPolicy
from simplatform.policies.fields.networks.modern_unet import ModernUNet


class UNetConfig(FieldConfig):
    """Size of the network."""

    width: int = Field(16, ge=8, multiple_of=8, description="channels after the first convolution")
    multipliers: tuple[int, ...] = Field((1, 2, 2), min_length=1, description="each level's width by the one before")
    blocks: int = Field(1, ge=1, description="residual blocks of a level on the way down")
    attention: bool = Field(False, description="attention in the middle")
    scaled: bool = Field(False, description="conditions scale and shift; otherwise they are added")


class UNet(FieldPolicy):
    """Fields and parameters → increment (Gupta & Brandstetter, 2022, arXiv:2209.15616)."""

    extra_inputs = 0
    """Fields that come in beside the history."""

    def __init__(self, config: UNetConfig, signature: Signature) -> None:
        """Build the network.

        Raises:
            ContractError: the grid cannot be halved as often as the levels ask.
        """
        super().__init__(config, signature)
        halvings = 2 ** (len(config.multipliers) - 1)
        if any(n % halvings for n in self.points):
            raise ContractError(
                f"{len(config.multipliers)} levels want points divisible by {halvings}, the grid has {self.points}: "
                "set fewer policy.multipliers, or env.points"
            )
        self.network = ModernUNet(
            self.dim,
            (config.history + self.extra_inputs) * self.channels,
            self.channels,
            1 + self.parameter_count,
            config.width,
            config.multipliers,
            config.blocks,
            attention=config.attention,
            scaled=config.scaled,
            periodic=self.periodic,
        )

    @property
    def nfe(self) -> float:
        """Evaluations of the network per frame."""
        return 1.0

    def step(self, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Return the increment."""
        return self.call(fields.flatten(1, 2), parameters, parameters.new_zeros(len(parameters)))

    def call(self, channels: Tensor, parameters: Tensor, level: Tensor) -> Tensor:
        """Evaluate the network on ``(B, T·C, *points)``, the level as the first condition."""
        return self.ask(self.network, channels, parameters, level)

    @staticmethod
    def ask(network: nn.Module, channels: Tensor, parameters: Tensor, level: Tensor) -> Tensor:
        """Evaluate any network of this form."""
        found: Tensor = network(channels, torch.cat((level[:, None], PARAMETER_UNIT * parameters), 1))
        return found


PARAMETER_UNIT = 2.5
"""Standard parameters lie within two; their sinusoids are made for numbers up to ten."""
