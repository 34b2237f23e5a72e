"""The mean of the training data: what a forecaster says who knows the climate and nothing of the weather."""

from __future__ import annotations

import torch
from torch import Tensor

from simplatform.contracts import Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.prediction.base import WindowPredictor, delay_pairs
from simplatform.recipes.config import Config


class MeanStateConfig(Config):
    """The mean has no settings."""


class MeanState(WindowPredictor):
    """Predicts ``mean (d,)`` whatever it sees."""

    mean: Tensor

    def __init__(self, config: MeanStateConfig, signature: Signature) -> None:
        super().__init__(signature, delays=1)
        self.register_buffer("mean", torch.zeros(self.dim, dtype=torch.float64))

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Take the mean of all states that follow a window."""
        _, following = delay_pairs(demonstrations, 1, self.device)
        self.mean.copy_(following.mean(0))

    def predict(self, window: Tensor) -> Tensor:
        """Return the mean, ``(B, d)``."""
        return self.mean.expand(len(window), -1)
