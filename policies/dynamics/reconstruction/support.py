"""Forecasts that are read off the support trajectories: the nearest one, or their mean. What every method must beat."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor, nn

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError
from simplatform.recipes.config import Config


class SupportConfig(Config):
    """They have no settings."""


class FromSupport(nn.Module):
    """Base: answers ``(T, ...)`` from ``support (S, T, ...)`` and ``initial (...)``; in float64."""

    observe = execute = 1
    lockstep: ClassVar[Literal["free", "together"]] = "free"

    def __init__(self, config: SupportConfig, signature: Signature) -> None:
        """Check the environment.

        Raises:
            ContractError: it shows no support trajectories.
        """
        super().__init__()
        if len(signature.observation.get("support", ())) < 3:
            raise ContractError(
                f"{type(self).__name__} expects an observation 'support' (S, T, ...); got {dict(signature.observation)}"
            )

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """There is nothing to fit."""

    def reset(self, observation: Observation) -> None:
        """Nothing is carried from episode to episode."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return a trajectory, ``(B, 1, T, ...)``."""
        support, initial = (observation[name][:, -1].double() for name in ("support", "initial"))
        return self.told(support, initial)[:, None]

    @abstractmethod
    def told(self, support: Tensor, initial: Tensor) -> Tensor:
        """Return trajectories ``(B, T, ...)`` from ``(B, S, T, ...)`` and ``(B, ...)``."""


class NearestSupport(FromSupport):
    """The support trajectory that starts nearest, in units of each component's spread over the support."""

    def told(self, support: Tensor, initial: Tensor) -> Tensor:
        """Return it as it is."""
        flat = support.flatten(3)
        spread = flat.flatten(1, 2).std(1)
        unit = torch.where(spread > 0, spread, 1.0)
        gap = ((flat[:, :, 0] - initial.flatten(1)[:, None]) / unit[:, None]).square().sum(-1)
        return support[torch.arange(len(support)), gap.argmin(1)]


class MeanSupport(FromSupport):
    """The mean of the support trajectories, time by time."""

    def told(self, support: Tensor, initial: Tensor) -> Tensor:
        """Return the mean."""
        return support.mean(1)
