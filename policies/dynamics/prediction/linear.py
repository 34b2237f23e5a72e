"""Linear models of stacked delay windows: z = P · window, z' = M z, x = R z. They run on in z and never look back."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.policies.dynamics.prediction.base import WINDOW, WindowPredictor, delay_pairs
from simplatform.policies.dynamics.prediction.validation import validation_steps
from simplatform.policies.nn.scaling import spread
from simplatform.recipes.config import Config


class LinearConfig(Config):
    """Settings of linear delay models."""

    delays: int = Field(32, ge=2, description="states in the delay window, q")
    ranks: tuple[int, ...] = Field(
        (8, 15, 30), min_length=1, description="ranks that the validation split chooses from"
    )


class LinearDelayModel(WindowPredictor):
    """Base: a subclass finds P ``(r, q d)``, M ``(r, r)`` and R ``(d, r)`` for a rank; validation chooses the rank."""

    execute = 500
    sized_by_data = ("encode", "advance", "decode")
    encode: Tensor
    advance: Tensor
    decode: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, config: LinearConfig, signature: Signature) -> None:
        super().__init__(signature, config.delays)
        self.config, self.dt = config, signature.facts.dt or 1.0
        size = config.delays * self.dim
        for name, shape in (("encode", (1, size)), ("advance", (1, 1)), ("decode", (self.dim, 1))):
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("mean", torch.zeros(self.dim, dtype=torch.float64))
        self.register_buffer("scale", torch.ones(self.dim, dtype=torch.float64))

    def identify(self, paths: list[Tensor], rank: int) -> tuple[Tensor, Tensor, Tensor] | None:
        """Return P, M and R from standardised trajectories ``(T, d)``; None where the data cannot give that rank."""
        raise NotImplementedError

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Identify a model of each rank, and keep the one that predicts validation trajectories longest."""
        paths = [self._path(episode) for episode in demonstrations]
        whole = torch.cat(paths)
        self.mean.copy_(whole.mean(0))
        self.scale.copy_(spread(whole))
        paths = [(path - self.mean) / self.scale for path in paths]
        best = -1.0
        for number, rank in enumerate(self.config.ranks):
            found = self.identify(paths, rank)
            if found is None:
                continue
            kept = (self.encode, self.advance, self.decode)
            self.encode, self.advance, self.decode = found
            score = validation_steps(self, validation)
            if score > best:
                best = score
            else:
                self.encode, self.advance, self.decode = kept
            progress(number + 1, len(self.config.ranks), rank=float(rank), validation_valid_steps=score)

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next 500 states, ``(B, 500, d)``."""
        return self.rollout(observation[WINDOW][:, -1, -self.delays :].to(torch.float64), self.execute)

    def predict(self, window: Tensor) -> Tensor:
        """Return the next state ``(B, d)``."""
        return self.rollout(window, 1)[:, 0]

    def rollout(self, window: Tensor, steps: int) -> Tensor:
        """Predict ``(B, steps, d)`` from windows ``(B, q, d)``, all in the model's own coordinates."""
        z = ((window - self.mean) / self.scale).flatten(1) @ self.encode.T
        states = []
        for _ in range(steps):
            z = (z @ self.advance.T).clamp(-1e12, 1e12)
            states.append(z @ self.decode.T)
        return torch.stack(states, dim=1) * self.scale + self.mean

    def _path(self, episode: Episode) -> Tensor:
        windows, following = delay_pairs(Demonstrations([episode]), self.delays, self.device)
        return torch.cat([windows[0], following])


def stacked(path: Tensor, delays: int) -> Tensor:
    """Return all windows of a trajectory as columns, oldest state first: ``(q d, T - q + 1)``."""
    return path.unfold(0, delays, 1).transpose(1, 2).flatten(1).T
