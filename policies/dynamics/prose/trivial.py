"""The last point that was seen, for all queries, and no equation: what every method must beat."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor, nn

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.prose.network import BEGIN, END, PAD
from simplatform.recipes.config import Config


class LastPointConfig(Config):
    """It has no settings."""


class LastPoint(nn.Module):
    """Answers ``(3 Q + L,)`` from ``points (N, 3)``: the last one Q times, and an empty equation."""

    observe = execute = 1
    lockstep: ClassVar[Literal["free", "together"]] = "free"

    def __init__(self, config: LastPointConfig, signature: Signature) -> None:
        """Check the environment.

        Raises:
            ContractError: it shows no points, or asks no queries.
        """
        super().__init__()
        signature.require("last-point", "points", "queries")
        self.size = signature.action[0]

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """There is nothing to fit."""

    def reset(self, observation: Observation) -> None:
        """Nothing is carried from episode to episode."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the answer, ``(B, 1, 3 Q + L)``."""
        last = observation["points"][:, -1, -1].double()
        states = last.repeat(1, observation["queries"].shape[-1])
        words = torch.full((len(last), self.size - states.shape[1]), float(PAD), dtype=last.dtype, device=last.device)
        words[:, 0], words[:, 1] = BEGIN, END
        return torch.cat([states, words], 1)[:, None]
