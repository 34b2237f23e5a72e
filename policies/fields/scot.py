"""scOT trained on all pairs of frames: one network for every lead time (Herde et al., 2024, arXiv:2405.19101).

A trajectory of T + 1 frames holds (T + 1)(T + 2)/2 pairs i ≤ j; each teaches the solution operator over its own lead,
where one-step training sees T.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Generator, Tensor

from simplatform.contracts import Batch, Loss, Observation, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError
from simplatform.policies.fields.base import FieldConfig, FieldPolicy
from simplatform.policies.fields.networks.scot import ScOT

SMALL = 1e-10


class ScOTConfig(FieldConfig):
    """Size of the network, and what it is trained on."""

    leads: int = Field(8, ge=1, description="largest lead time that is trained, frames")
    pairs: Literal["all", "next"] = Field("all", description="pairs that teach: of all leads, or of one frame")
    jump: int = Field(1, ge=1, description="frames answered by one call each, from the same field")
    patch: int = Field(2, ge=1, description="points of a patch in every direction")
    width: int = Field(16, ge=4, description="width of the first stage")
    depths: tuple[int, ...] = Field((2, 2), min_length=1, description="blocks of each stage")
    heads: tuple[int, ...] = Field((2, 4), min_length=1, description="heads of each stage")
    skips: tuple[int, ...] = Field((1, 0), min_length=1, description="ConvNeXt blocks of each stage's skip")
    window: int = Field(8, ge=2, description="tokens of a window in every direction")
    ratio: float = Field(4.0, gt=0, description="hidden width of perceptrons by that of tokens")
    size: int = Field(0, ge=0, description="points that the network works on, by Fourier series; 0 = those of the task")
    timed: bool = Field(True, description="norms know the lead time; without, only one frame can be learned")
    start: str = Field("", description="checkpoint of a scOT to go on from, such as an imported one; empty: untrained")

    @model_validator(mode="after")
    def _stages_agree(self) -> ScOTConfig:
        if not len(self.depths) == len(self.heads) == len(self.skips):
            raise ValueError("depths, heads and skips must be as many as there are stages")
        if self.jump > self.leads:
            raise ValueError(f"jump={self.jump} frames cannot be answered with leads={self.leads}")
        return self

    def points(self, task: int) -> int:
        """Return the points that the network works on, for a task of so many."""
        return self.size or task


class ScOTPolicy(FieldPolicy):
    """Field and lead time → field, in two directions; the equation's parameters come in as constant fields."""

    def __init__(self, config: ScOTConfig, signature: Signature) -> None:
        """Build the network.

        Raises:
            ContractError: a grid that is not square and of two directions, or that patches do not divide.
        """
        super().__init__(config, signature)
        if self.dim != 2 or len(set(self.points)) > 1 or config.points(self.points[0]) % config.patch:
            raise ContractError(
                f"scot wants a square grid in two directions, divided by patches of {config.patch}²; got {self.points}"
            )
        self._leads, self._all, self._start = config.leads, config.pairs == "all", config.start
        self.execute = config.jump
        self.horizon = config.history - 1 + (config.leads if self._all else config.jump)
        self.network = ScOT(
            config.history * self.channels + self.parameter_count,
            self.channels,
            config.points(self.points[0]),
            config.patch,
            config.width,
            config.depths,
            config.heads,
            config.skips,
            config.window,
            config.ratio,
            timed=config.timed,
        )

    def prepare(self, demonstrations: Demonstrations) -> None:
        """Measure statistics, and start from the weights that the settings name.

        Raises:
            CheckpointError: they are none, or of another size.
        """
        super().prepare(demonstrations)
        if self._start:
            from simplatform.policies.fields.poseidon import warm_start

            warm_start(self.network, Path(self._start))

    @property
    def nfe(self) -> float:
        """Evaluations of the network per call of ``act``."""
        return float(self.execute)

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return the normalised L1 error over leads drawn evenly, from 0 (the field itself) on."""
        self._check()
        fields, parameters = self.standard(batch.observation)
        rows = torch.arange(len(fields), device=fields.device)
        low, high = (0, self._leads) if self._all else (1, 1)
        leads = torch.randint(low, high + 1, (len(fields),), generator=generator, device=fields.device)
        frames = torch.cat((batch.observation["field"][:, -1:], batch.action[:, self.observe - 1 :]), 1)
        target = (frames[rows, leads] - self._shaped(self.field_mean)) / self._shaped(self.field_scale)
        answer = self.answer(fields, parameters, leads)
        return Loss(((answer - target).abs().mean((0, 2, 3)) / (target.abs().mean((0, 2, 3)) + SMALL)).mean())

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next fields ``(B, jump, C, *points)``, each by its own lead from the newest one."""
        self._check()
        fields, parameters = self.standard(observation)
        leads = [torch.full((len(fields),), lead, device=fields.device) for lead in range(1, self.execute + 1)]
        answers = torch.stack([self.answer(fields, parameters, lead) for lead in leads], 1)
        return answers * self._shaped(self.field_scale) + self._shaped(self.field_mean)

    def answer(self, fields: Tensor, parameters: Tensor, leads: Tensor) -> Tensor:
        """Return standard fields ``(B, C, *points)`` after ``leads (B,)`` frames."""
        given = parameters.reshape(*parameters.shape, 1, 1).expand(-1, -1, *fields.shape[3:])
        found: Tensor = self.network(torch.cat((fields.flatten(1, 2), given), 1), leads / self._leads)
        return found

    def step(self, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Return the increment of one frame, in its unit."""
        following = self.answer(fields, parameters, torch.ones(len(fields), device=fields.device))
        unit = self._shaped(self.field_scale) / self._shaped(self.step_scale)
        return (following - fields[:, -1]) * unit
