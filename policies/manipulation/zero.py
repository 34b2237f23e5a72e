"""The zero action: doing nothing, which some tasks reward."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor, nn

from simplatform.contracts import Observation, Signature
from simplatform.recipes.config import Config


class ZeroConfig(Config):
    """The zero action has no settings."""


class Zero(nn.Module):
    """Answers with zeros, ``(B, 1, *action)``."""

    observe = execute = 1
    lockstep: ClassVar[Literal["free", "together"]] = "free"
    reads: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: ZeroConfig, signature: Signature) -> None:
        super().__init__()
        self._shape = signature.action

    def reset(self, observation: Observation) -> None:
        """Nothing to prepare."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return zeros."""
        seen = next(iter(observation.values()))
        return torch.zeros(len(seen), 1, *self._shape, device=seen.device)
