"""NeuralStagger: a fine field as s^d coarse ones, and one network for each of several frames ahead.

Huang et al. (2023), arXiv:2302.10255: sub-grids that interleave hold all of the field and are solved on coarse grids at
once; networks for different lead times run side by side.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Batch, Loss, Observation, Signature
from simplatform.errors import ContractError
from simplatform.plugin_host.host import get_host
from simplatform.policies.fields.base import FieldPolicy
from simplatform.policies.fields.networks.modern_unet import ModernUNet
from simplatform.policies.fields.unet import PARAMETER_UNIT, UNetConfig


class StaggerConfig(UNetConfig):
    """The networks' settings, and how the field is taken apart."""

    space: int = Field(2, ge=1, description="every how many points a sub-grid takes, in every direction")
    frames: int = Field(2, ge=1, description="frames answered at once, each by a network of its own")
    physics: float = Field(
        0.0, ge=0, description="weight of the equation's own residual: a step of the classical solver between answers"
    )


class Stagger(FieldPolicy):
    """Fields and parameters → the next ``frames`` fields."""

    def __init__(self, config: StaggerConfig, signature: Signature) -> None:
        """Build a network for each frame.

        Raises:
            ContractError: sub-grids and levels do not divide the grid.
        """
        super().__init__(config, signature)
        divisor = config.space * 2 ** (len(config.multipliers) - 1)
        if any(n % divisor for n in self.points):
            raise ContractError(f"stagger wants points divisible by {divisor}, the grid has {self.points}")
        self.space, self.execute = config.space, config.frames
        self.horizon = config.history - 1 + config.frames
        parts = self.space**self.dim
        self.networks = nn.ModuleList(
            ModernUNet(
                self.dim,
                config.history * self.channels * parts,
                self.channels * parts,
                1 + self.parameter_count,
                config.width,
                config.multipliers,
                config.blocks,
                scaled=config.scaled,
                periodic=self.periodic,
            )
            for _ in range(config.frames)
        )
        self._physics, self._advance = config.physics, None
        if config.physics:
            self._advance = get_host().registry("solver").get("spectral").load()(signature.facts)

    @property
    def nfe(self) -> float:
        """Evaluations of coarse networks per call of ``act``."""
        return float(self.execute)

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return the mean square error of all frames in the unit of an increment, and of the residual."""
        self._check()
        found = self.frames(batch.observation)
        true = batch.action[:, self.observe - 1 : self.observe - 1 + self.execute]
        data = ((found - true) / self._shaped(self.step_scale)).square().mean()
        if self._advance is None:
            return Loss(data)
        residual = self._residual(batch.observation, found)
        return Loss(data + self._physics * residual, {"data": data.detach(), "residual": residual.detach()})

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next fields ``(B, frames, C, *points)``."""
        self._check()
        return self.frames(observation)

    def frames(self, observation: Observation) -> Tensor:
        """Return the next fields ``(B, frames, C, *points)``."""
        fields, parameters = self.standard(observation)
        apart = unshuffled(fields.flatten(1, 2), self.space)
        given = nn.functional.pad(PARAMETER_UNIT * parameters, (1, 0))
        steps = [shuffled(network(apart, given), self.space) for network in self.networks]
        newest = observation["field"][:, -1:]
        return newest + torch.stack(steps, 1) * self._shaped(self.step_scale)

    def step(self, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Return the increment of the first frame."""
        given = nn.functional.pad(PARAMETER_UNIT * parameters, (1, 0))
        return shuffled(self.networks[0](unshuffled(fields.flatten(1, 2), self.space), given), self.space)

    def _residual(self, observation: Observation, found: Tensor) -> Tensor:
        """Return how far each answer is from a classical step from the one before, in the unit of an increment."""
        assert self._advance is not None
        before = torch.cat((observation["field"][:, -1:], found[:, :-1]), 1)
        given = observation["parameters"][:, -1]
        stepped = torch.stack([self._advance(before[:, k], given) for k in range(self.execute)], 1)
        return ((found - stepped) / self._shaped(self.step_scale)).square().mean()


def unshuffled(x: Tensor, by: int) -> Tensor:
    """Return fields ``(B, C, *points)`` as ``(B, C · by^d, *points / by)``: sub-grids that interleave, as channels."""
    dim = x.ndim - 2
    for axis in range(dim):
        x = x.unflatten(2 + 2 * axis, (-1, by))
    order = (0, 1, *range(3, 3 + 2 * dim, 2), *range(2, 2 + 2 * dim, 2))
    return x.permute(order).flatten(1, 1 + dim)


def shuffled(x: Tensor, by: int) -> Tensor:
    """Undo ``unshuffled``."""
    dim = x.ndim - 2
    x = x.unflatten(1, (-1, *(by,) * dim))
    order = [0, 1]
    for axis in range(dim):
        order += [2 + dim + axis, 2 + axis]
    x = x.permute(order)
    for axis in range(dim):
        x = x.flatten(2 + axis, 3 + axis)
    return x
