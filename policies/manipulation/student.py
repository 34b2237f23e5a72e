"""Policies that learn in phases: from the demonstrations first, then from a teacher that is an earlier self.

The teacher is a frozen copy of the network with the averaged weights of the phase before; what it answers to noise is
what the student learns. The encoder is shared and stands still from then on, which also makes a step cheaper.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Batch, Loss, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ConfigError
from simplatform.policies.manipulation.pointcloud import PointCloudConfig, PointCloudPolicy
from simplatform.policies.nn.unet import ConditionalUnet
from simplatform.recipes.config import Config


class StudentConfig(Config):
    """Settings of the phases; mixed into those of a point-cloud policy."""

    teacher: str = Field("", description="run folder or checkpoint that stands for the first phase; empty: train it")
    teaching: float = Field(0.5, gt=0, lt=1, description="share of the training that makes the first teacher")


class Student(PointCloudPolicy):
    """Base of policies with a teacher; subclasses say what a student learns in ``student_loss``.

    ``phase`` counts from 0, in which the policy is trained as its base class; it is a buffer, so that a resumed run
    knows it. The teacher is part of the training's state, and no part of the deployed policy.
    """

    training_only: ClassVar[tuple[str, ...]] = ("teacher",)
    added: ClassVar[tuple[str, ...]] = ()
    """Prefixes of parameters that a teacher need not have; they must change nothing before training."""
    phase: Tensor
    teacher: ConditionalUnet

    def __init__(self, config: Any, signature: Signature, **more: Any) -> None:
        super().__init__(config, signature, **more)
        self.register_buffer("phase", torch.zeros((), dtype=torch.long))
        self._number: int | None = 0

    @abstractmethod
    def student_loss(self, chunk: Tensor, condition: Tensor, *, generator: Generator) -> Loss:
        """Return the loss of a phase with a teacher, for expert chunks that may be left unused."""

    @property
    def rounds(self) -> int:
        """Phases with a teacher; one, unless a subclass says more."""
        return 1

    @property
    def phases(self) -> tuple[float, ...]:
        """Return when phases begin: the first share makes the teacher, the rounds divide the rest evenly."""
        start = 0.0 if self._settings.teacher else self._settings.teaching
        return tuple(start + (1 - start) * i / self.rounds for i in range(self.rounds))

    def prepare(self, demonstrations: Demonstrations) -> None:
        """Fit the normalisers, or take those of the given teacher with its weights.

        Raises:
            ConfigError: the given teacher is another kind of policy, or of another size.
        """
        super().prepare(demonstrations)
        if self._settings.teacher:
            self._load_teacher(self._settings.teacher)
        self.teacher = copy.deepcopy(self.unet).requires_grad_(False).eval()

    def begin_phase(self, phase: int) -> None:
        """Make the present weights the teacher."""
        self.enter(phase)
        self.teacher.load_state_dict(self.unet.state_dict())

    def enter(self, phase: int) -> None:
        """Note the phase, on the device and for the host."""
        self.phase.fill_(phase)
        self._number = phase

    @property
    def number(self) -> int:
        """The phase as the host knows it: the device is asked once after a load, and not in every step."""
        if self._number is None:
            self._number = int(self.phase)
        return self._number

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._number = None

    def train(self, mode: bool = True) -> Student:
        """Set the mode; the teacher never trains."""
        super().train(mode)
        if hasattr(self, "teacher"):
            self.teacher.eval()
        return self

    def loss(self, batch: Batch, *, generator: Generator) -> Loss:
        """Return the base class's loss in phase 0, and the student's after that."""
        if not self.number:
            return super().loss(batch, generator=generator)
        with torch.no_grad():
            condition = self.condition(batch.observation)
        chunk = self._normaliser("action")(batch.action.to(condition.dtype))
        return self.student_loss(chunk, condition, generator=generator)

    @property
    def _settings(self) -> StudentConfig:
        assert isinstance(self.config, StudentConfig)
        return self.config

    def _load_teacher(self, path: str) -> None:
        from simplatform.api import load

        found = load(Path(path))
        own = self.state_dict()
        given = found.state_dict() if isinstance(found, PointCloudPolicy) else {}
        shapes = {key: value.shape for key, value in given.items() if key != "phase"}
        new = {key for key in own if key == "phase" or (key.startswith(self.added) and key not in given)}
        wanted = {key: value.shape for key, value in own.items() if key not in new}
        mine, theirs = self.config, found.config if isinstance(found, PointCloudPolicy) else PointCloudConfig()
        same = all(getattr(mine, key) == getattr(theirs, key) for key in ("points", "observe", "horizon"))
        if shapes != wanted or not same or not self.accepts(found):
            raise ConfigError(
                f"policy.teacher={path} is a {type(found).__name__} of another kind or size; give one that was trained "
                f"with the settings of this {type(self).__name__} (policy.widths, points, observe, horizon, …)"
            )
        self.load_state_dict({**own, **{key: given[key] for key in shapes}})
        self._ready = False

    @abstractmethod
    def accepts(self, teacher: object) -> bool:
        """Return whether a policy's network means the same as this one's in phase 0."""
