"""One step by a dilated ResNet, trained on its mean square error."""

from __future__ import annotations

from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Signature
from simplatform.policies.fields.base import FieldConfig, FieldPolicy
from simplatform.policies.fields.networks.dilated_resnet import DilatedResNet
from simplatform.policies.fields.unet import PARAMETER_UNIT


class ResNetConfig(FieldConfig):
    """Size of the network."""

    width: int = Field(24, ge=2, multiple_of=2, description="channels")
    blocks: int = Field(2, ge=1, description="blocks of seven dilated convolutions")


class ResNet(FieldPolicy):
    """Fields and parameters → increment (Stachenfeld et al., 2022, arXiv:2112.15275)."""

    def __init__(self, config: ResNetConfig, signature: Signature) -> None:
        super().__init__(config, signature)
        inputs = config.history * self.channels
        self.network = DilatedResNet(
            self.dim, inputs, self.channels, self.parameter_count, config.width, config.blocks, periodic=self.periodic
        )

    @property
    def nfe(self) -> float:
        """Evaluations of the network per frame."""
        return 1.0

    def step(self, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Return the increment."""
        found: Tensor = self.network(fields.flatten(1, 2), PARAMETER_UNIT * parameters)
        return found
