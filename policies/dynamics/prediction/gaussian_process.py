"""A Gaussian process of the increment, one per system, on at most a thousand windows (Rasmussen & Williams, 2006).

k(a, b) = exp(-|a - b|² / 2ℓ²) on standardised windows, with a linear mean by least squares; delays, length ℓ and noise
are chosen by how long validation trajectories are predicted. The windows are those that lie farthest apart, so that all
of the attractor is covered (farthest-point order). What is predicted is the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from simplatform.contracts import Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import CheckpointError
from simplatform.policies.dynamics.prediction.base import WindowPredictor, delay_pairs
from simplatform.policies.dynamics.prediction.ridge import ridge_path
from simplatform.policies.dynamics.prediction.validation import validation_steps
from simplatform.policies.nn.scaling import spread
from simplatform.policies.nn.structured import Counts
from simplatform.recipes.config import Config

TINY = 1e-12
"""Ridge penalty of the linear mean."""


class GaussianProcessConfig(Config):
    """Settings of the Gaussian process; the validation split chooses from what is listed."""

    points: int = Field(800, ge=2, le=5000, description="windows that the process is conditioned on, at most")
    delays: tuple[int, ...] = Field((1, 2), min_length=1, description="lagged states, the newest included")
    lengths: tuple[float, ...] = Field((1.0, 3.0, 10.0), min_length=1, description="length scales, in spreads")
    noises: tuple[float, ...] = Field(
        (1e-6, 1e-3, 1e-1), min_length=1, description="standard deviations of noise, in spreads of the increment"
    )


class GaussianProcess(WindowPredictor):
    """``points (N, q d)`` are standardised windows, ``weights (N, d)`` the solved ones, ``linear (1 + q d, d)``."""

    sized_by_data = ("points", "weights", "linear")

    mean: Tensor
    scale: Tensor
    step_scale: Tensor
    points: Tensor
    weights: Tensor
    linear: Tensor
    length: Tensor

    def __init__(self, config: GaussianProcessConfig, signature: Signature) -> None:
        super().__init__(signature, delays=1)
        self.config = config
        self.delays = min(max(config.delays), signature.observation["window"][0])
        self.chosen = 1
        for name, shape in (("mean", (self.dim,)), ("scale", (self.dim,)), ("step_scale", (self.dim,)),
                            ("points", (1, self.dim)), ("weights", (1, self.dim)), ("linear", (1 + self.dim, self.dim)),
                            ("length", ())):  # fmt: skip
            filled = torch.zeros if name in ("mean", "weights", "linear") else torch.ones
            self.register_buffer(name, filled(shape, dtype=torch.float64))

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Solve for every choice, and keep what predicts validation trajectories longest; without any, the first."""
        windows, following = delay_pairs(demonstrations, self.delays, self.device)
        states = windows[:, -1]
        self.mean.copy_(states.mean(0))
        self.scale.copy_(spread(states))
        steps = following - states
        self.step_scale.copy_(spread(steps))
        tried = product(self.config.delays, self.config.lengths, self.config.noises)
        choices = [(q, length, noise) for q, length, noise in tried if q <= self.delays]
        best, kept = -1.0, None
        for number, (q, length, noise) in enumerate(choices):
            self._condition(q, length, noise, windows, steps / self.step_scale)
            score = validation_steps(self, validation)
            if score > best:
                best, kept = score, (q, self.points, self.weights, self.linear, self.length.clone(), noise)
            assert kept is not None  # a score is never negative
            progress(number + 1, len(choices), delays=float(kept[0]), length=float(kept[4]), noise=kept[5],
                     validation_valid_steps=best)  # fmt: skip
            if not len(validation):
                break
        assert kept is not None
        self.chosen, self.points, self.weights, self.linear, self.length = kept[:5]

    def predict(self, window: Tensor) -> Tensor:
        """Return the next states ``(B, d)``."""
        x = self._standardised(self.chosen, window)
        step = self._line(x) + self._kernel(x, self.points) @ self.weights
        answer: Tensor = window[:, -1] + step * self.step_scale
        return answer

    def counts(self) -> Counts:
        """Count the points and their weights: a process keeps its data."""
        size, width = self.points.shape
        numbers = self.points.numel() + self.weights.numel() + self.linear.numel()
        return Counts(numbers, size * (3 * width + 10 + 2 * self.dim))

    def get_extra_state_json(self) -> Mapping[str, Any]:
        """Return how many states are seen."""
        return {"delays": self.chosen}

    def set_extra_state_json(self, state: Mapping[str, Any]) -> None:
        """Take back how many states are seen.

        Raises:
            CheckpointError: a number that does not fit the points.
        """
        chosen = state.get("delays")
        if not isinstance(chosen, int) or not 0 < chosen <= self.delays or self.points.shape[1] != chosen * self.dim:
            raise CheckpointError(f"gaussian-process: points {tuple(self.points.shape)} are not of {chosen!r} delays")
        self.chosen = chosen

    def _condition(self, delays: int, length: float, noise: float, windows: Tensor, steps: Tensor) -> None:
        x = self._standardised(delays, windows)
        self.chosen, self.length = delays, torch.tensor(length, dtype=torch.float64, device=x.device)
        ones = torch.ones_like(x[:, :1])
        self.linear = ridge_path(torch.cat([ones, x], 1), steps, (TINY,))[0]
        rows = farthest(x, self.config.points)
        self.points = x[rows]
        left = steps[rows] - self._line(self.points)
        matrix = self._kernel(self.points, self.points)
        matrix.diagonal().add_(noise**2 + 1e-10)
        self.weights = torch.cholesky_solve(left, torch.linalg.cholesky(matrix))

    def _line(self, x: Tensor) -> Tensor:
        return self.linear[0] + x @ self.linear[1:]

    def _kernel(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.exp(-0.5 * torch.cdist(a, b).square() / self.length.square())

    def _standardised(self, delays: int, window: Tensor) -> Tensor:
        return ((window[:, -delays:] - self.mean) / self.scale).flatten(1)


def farthest(x: Tensor, count: int) -> Tensor:
    """Return rows ``(count,)`` of ``x (N, F)``, each the farthest from those before it; the first is the middlemost."""
    if len(x) <= count:
        return torch.arange(len(x), device=x.device)
    rows = [int((x - x.mean(0)).square().sum(1).argmin())]
    near = (x - x[rows[0]]).square().sum(1)
    for _ in range(count - 1):
        rows.append(int(near.argmax()))
        near = torch.minimum(near, (x - x[rows[-1]]).square().sum(1))
    return torch.tensor(rows, device=x.device)
