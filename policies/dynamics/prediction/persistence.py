"""Persistence: tomorrow is as today. The predictor that every other one must beat."""

from __future__ import annotations

from torch import Tensor

from simplatform.contracts import Signature
from simplatform.policies.dynamics.prediction.base import WindowPredictor
from simplatform.recipes.config import Config


class PersistenceConfig(Config):
    """Persistence has no settings."""


class Persistence(WindowPredictor):
    """Predicts the newest state."""

    def __init__(self, config: PersistenceConfig, signature: Signature) -> None:
        super().__init__(signature, delays=1)

    def predict(self, window: Tensor) -> Tensor:
        """Return the newest state."""
        return window[:, -1]
