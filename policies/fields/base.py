"""What surrogates of PDEs share: standard units, the step signature, one-step training and closed-loop acting.

A surrogate maps the last ``history`` fields and the equation's parameters to the next field. It works in standard
units: fields less their mean in units of their spread, per channel; parameters likewise; increments in units of their
own.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Batch, Loss, Observation, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError
from simplatform.recipes.config import Config


class FieldConfig(Config):
    """What all surrogates can be told."""

    history: int = Field(1, ge=1, description="fields that are seen, the newest last")


class FieldPolicy(nn.Module):
    """Base of surrogates: fields ``(B, T, C, *points)``, parameters ``(B, P)`` → the next field ``(B, C, *points)``.

    The grid is read from the signature, and whether it is periodic: in all directions, or convolutions pad with zeros.
    Networks that are convolutions act on any other grid as well.
    """

    execute = 1
    lockstep: ClassVar[Literal["free", "together"]] = "free"
    field_mean: Tensor
    field_scale: Tensor
    step_mean: Tensor
    step_scale: Tensor
    parameter_mean: Tensor
    parameter_scale: Tensor

    def __init__(self, config: FieldConfig, signature: Signature) -> None:
        """Read channels, directions and parameters.

        Raises:
            ContractError: the environment shows no field, or its actions are no fields of the same shape.
        """
        super().__init__()
        signature.require(type(self).__name__, "field", "parameters")
        shape = tuple(signature.observation["field"])
        if shape != tuple(signature.action) or not 2 <= len(shape) <= 4:
            raise ContractError(
                f"{type(self).__name__} wants a field (C, *points) that is answered by one of the same shape; got "
                f"{shape} and actions {tuple(signature.action)}"
            )
        self.observe = self.horizon = config.history
        self.channels, self.points = shape[0], shape[1:]
        self.parameter_count = int(signature.observation["parameters"][0])
        self.periodic = all(signature.facts.more.get("periodic", ()))
        for name, size in (("field", self.channels), ("step", self.channels), ("parameter", self.parameter_count)):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_scale", torch.full((size,), torch.nan))

    @property
    def dim(self) -> int:
        """Directions of the grid."""
        return len(self.points)

    def prepare(self, demonstrations: Demonstrations) -> None:
        """Measure means and spreads of fields, of their increments and of parameters."""
        fields = [np.asarray(episode.observations["field"], np.float64) for episode in demonstrations]
        axes = (0, *range(2, 2 + self.dim))
        whole, steps = np.concatenate(fields), np.concatenate([np.diff(field, axis=0) for field in fields])
        given = np.stack([episode.observations["parameters"][0] for episode in demonstrations]).astype(np.float64)
        for name, values, over in (("field", whole, axes), ("step", steps, axes), ("parameter", given, (0,))):
            mean, scale = values.mean(over), values.std(over)
            if name == "step":
                mean, scale = np.zeros_like(mean), np.sqrt(np.square(values).mean(over))
            getattr(self, f"{name}_mean").copy_(torch.from_numpy(mean))
            getattr(self, f"{name}_scale").copy_(torch.from_numpy(np.where(scale > 0, scale, 1.0)))

    def reset(self, observation: Observation) -> None:
        """Nothing is kept from episode to episode."""

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return the loss of one step from true fields."""
        self._check()
        fields, parameters = self.standard(batch.observation)
        newest, following = batch.observation["field"][:, -1], batch.action[:, self.observe - 1]
        target = (following - newest) / self._shaped(self.step_scale)
        return self.step_loss(fields, parameters, target, generator)

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next field ``(B, 1, C, *points)``."""
        self._check()
        fields, parameters = self.standard(observation)
        step = self.step(fields, parameters, generator)
        following: Tensor = observation["field"][:, -1] + step * self._shaped(self.step_scale)
        return following[:, None]

    @abstractmethod
    def step(self, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Return the increment ``(B, C, *points)`` in its unit, for standard fields ``(B, T, C, *points)``."""

    def step_loss(self, fields: Tensor, parameters: Tensor, target: Tensor, generator: Generator) -> Loss:
        """Return the mean square error of the increment in its unit; methods with another objective override it."""
        return Loss((self.step(fields, parameters, generator) - target).square().mean())

    def standard(self, observation: Observation) -> tuple[Tensor, Tensor]:
        """Return standard fields ``(B, T, C, *points)`` and parameters ``(B, P)``."""
        fields = (observation["field"] - self._shaped(self.field_mean)) / self._shaped(self.field_scale)
        parameters = (observation["parameters"][:, -1] - self.parameter_mean) / self.parameter_scale
        return fields, parameters

    def _shaped(self, values: Tensor) -> Tensor:
        return values.reshape(-1, *(1,) * self.dim)

    def _check(self) -> None:
        """Refuse to work without statistics; a read of one number, so only on the CPU."""
        if not self._measured:
            raise ContractError(
                f"{type(self).__name__} has no statistics: call prepare(demonstrations) or load a checkpoint first"
            )

    @property
    def _measured(self) -> bool:
        scale = self.field_scale
        return scale.device.type != "cpu" or bool(torch.isfinite(scale).all())
