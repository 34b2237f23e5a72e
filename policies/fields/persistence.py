"""Persistence: the next field is the newest one. What every surrogate must beat."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Generator, Tensor

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.recipes.config import Config


class PersistenceConfig(Config):
    """Persistence has no settings."""


class FieldPersistence:
    """Answers with the newest field; nothing is fitted."""

    observe = execute = 1
    lockstep: ClassVar[Literal["free", "together"]] = "free"

    def __init__(self, config: PersistenceConfig, signature: Signature) -> None:
        signature.require("field-persistence", "field")

    def reset(self, observation: Observation) -> None:
        """Nothing to prepare."""

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Nothing to fit."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the newest field ``(B, 1, C, *points)``."""
        return observation["field"][:, -1:]
