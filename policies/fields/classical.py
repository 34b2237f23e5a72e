"""The classical solver made cheap: the opponent that a surrogate must beat at equal error."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from pydantic import Field

from simplatform.contracts import Observation, Progress, Signature
from simplatform.plugin_host.host import get_host
from simplatform.recipes.config import Config

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from simplatform.demonstrations import Demonstrations


class CoarseSolverConfig(Config):
    """How coarse it is."""

    points: int = Field(0, ge=0, description="points in every direction; 0 = those of the task")
    substeps: int = Field(1, ge=1, description="steps of ETDRK4 a frame")
    double: bool = Field(False, description="in float64")


class CoarseSolver:
    """Solves the task's own equation from the newest field; nothing is fitted.

    It knows the equation, which surrogates do not: that is what a practitioner has.
    """

    observe = execute = 1
    lockstep: ClassVar[Literal["free", "together"]] = "free"

    def __init__(self, config: CoarseSolverConfig, signature: Signature) -> None:
        """Find the solver of the environment's problem.

        Raises:
            ContractError: the environment shows no fields.
            UnknownName: its problem is none that a registered solver knows.
        """
        signature.require("coarse-solver", "field", "parameters")
        make = get_host().registry("solver").get("spectral").load()
        self._advance = make(signature.facts, config.points, config.substeps, config.double)

    def reset(self, observation: Observation) -> None:
        """Nothing to prepare."""

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Nothing to fit."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next field ``(B, 1, C, *points)``."""
        with torch.no_grad():
            found: Tensor = self._advance(observation["field"][:, -1], observation["parameters"][:, -1])
        return found[:, None]
