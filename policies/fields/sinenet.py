"""One step by a SineNet (Zhang et al., 2024, OpenReview LSYhE2hLWG), trained on its mean square error."""

from __future__ import annotations

from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Signature
from simplatform.errors import ContractError
from simplatform.policies.fields.base import FieldConfig, FieldPolicy
from simplatform.policies.fields.networks.sinenet import LEVELS, SineNet
from simplatform.policies.fields.unet import PARAMETER_UNIT

FEWEST = 32
"""Points that wrapped interpolation wants at the finest of the levels."""


class SineNetConfig(FieldConfig):
    """Size of the network."""

    waves: int = Field(4, ge=1, description="small U-Nets, one after the other")
    width: int = Field(12, ge=2, multiple_of=2, description="channels after the first convolution")
    growth: float = Field(1.5, ge=1, le=3, description="each level's width by the one before; cut to whole numbers")
    blocks: int = Field(1, ge=1, description="convolution blocks of a level")
    disentangled: bool = Field(True, description="every level sees the wave's own input, pooled")


class SineNetPolicy(FieldPolicy):
    """Fields and parameters → increment."""

    def __init__(self, config: SineNetConfig, signature: Signature) -> None:
        """Build the network.

        Raises:
            ContractError: a grid of three directions, or one that four levels cannot halve.
        """
        super().__init__(config, signature)
        if self.dim > 2 or any(n % 2**LEVELS or n < FEWEST for n in self.points):
            raise ContractError(
                f"sinenet wants one or two directions of at least {FEWEST} points, divisible by {2**LEVELS}; the grid "
                f"has {self.points}: set env.points"
            )
        self.network = SineNet(
            self.dim,
            config.history * self.channels,
            self.channels,
            self.parameter_count,
            config.waves,
            config.width,
            config.growth,
            config.blocks,
            periodic=self.periodic,
            disentangled=config.disentangled,
        )

    @property
    def nfe(self) -> float:
        """Evaluations of the network per frame."""
        return 1.0

    def step(self, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Return the increment."""
        found: Tensor = self.network(fields.flatten(1, 2), PARAMETER_UNIT * parameters)
        return found
