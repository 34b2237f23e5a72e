"""Predictors of the increment: x + μ + σ · head(features(window)), with a head that is solved for and not only trained.

What the structured network shares with its dense twin and the perceptron, so that a comparison compares features alone.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from simplatform.contracts import Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError
from simplatform.policies.dynamics.prediction import training
from simplatform.policies.dynamics.prediction.base import WindowPredictor, delay_pairs, sequences
from simplatform.policies.dynamics.prediction.local import Layout
from simplatform.policies.dynamics.prediction.ridge import ridge
from simplatform.policies.dynamics.prediction.validation import validation_steps
from simplatform.policies.nn.scaling import spread
from simplatform.policies.nn.structured import Counts, dense_counts
from simplatform.seeding import normal

PENALTIES = (1e-11, 1e-10, 1e-9, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2)
MOST_ROWS = 40_000
"""Windows that the head is solved on, at most."""


class IncrementConfig(training.TrainingConfig):
    """What all predictors of increments can be told."""

    delays: int = Field(8, ge=1, description="states in the delay window, q")
    lag: int = Field(1, ge=1, description="every how many samples a state of the window is taken")
    stencil: int = Field(4, ge=0, description="neighbours on each side that are seen, for fields on a grid")
    over: Literal["time", "space"] = Field(
        "time", description="what a window runs over: delays, or, for fields on a grid, the neighbours"
    )
    varpro_every: int = Field(4, ge=1, description="every how many windows are used there")
    jitter: float = Field(
        0.0,
        ge=0,
        le=1,
        description="noise on training windows, in units of the spread: the step learns to undo it",
    )
    unroll: int = Field(0, ge=0, description="steps that are predicted in closed loop in training; 0 = one-step only")
    unroll_steps: int = Field(1500, ge=1, description="steps of Adam on unrolled predictions")
    unroll_batch: int = Field(128, ge=1, description="sequences per unrolled step")
    unroll_lr: float = Field(1e-3, gt=0, description="peak learning rate on unrolled predictions")


class IncrementPredictor(WindowPredictor):
    """Base: ``features (B, F)`` of standardised windows ``(B, channels, length)``, and a linear head."""

    config: IncrementConfig
    head: nn.Linear
    mean: Tensor
    scale: Tensor
    step_mean: Tensor
    step_scale: Tensor

    def __init__(self, config: IncrementConfig, signature: Signature) -> None:
        """Find out how states are read.

        Raises:
            ContractError: too short a window, or one over the neighbours of states that are no fields on a grid.
        """
        super().__init__(signature, (config.delays - 1) * config.lag + 1)
        self.config = config
        across = config.over == "space"
        if across and not self.fields:
            raise ContractError("over=space wants fields on a grid, and these states are not; set policy.over=time")
        self.layout = Layout(self.dim, self.fields, config.stencil if self.fields else 0, config.delays, across)
        for name, size in (("mean", self.layout.channels), ("scale", self.layout.channels)):
            self.register_buffer(name, torch.zeros(size, dtype=torch.float64))
        for name in ("step_mean", "step_scale"):
            self.register_buffer(name, torch.zeros(self.layout.outputs, dtype=torch.float64))

    def make_head(self, features: int) -> nn.Linear:
        """Return the head; subclasses keep it as ``self.head``."""
        return nn.Linear(features, self.layout.outputs).double()

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """Return features ``(B, F)`` of standardised windows ``(B, channels, length)``."""

    @abstractmethod
    def feature_counts(self) -> Counts:
        """Count what ``features`` needs for one window."""

    def inner_parameters(self) -> list[nn.Parameter]:
        """Return the parameters that ``features`` depends on."""
        head = {id(parameter) for parameter in self.head.parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in head]

    def counts(self) -> Counts:
        """Count parameters, and operations per predicted state (of all places of a field)."""
        place = self.feature_counts() + dense_counts(self.head.in_features, self.head.out_features, bias=True)
        return Counts(place.parameters, place.flops * self.layout.places)

    def predict(self, window: Tensor) -> Tensor:
        """Return the next states ``(B, d)``."""
        local = self.layout.spread(window[:, :: self.config.lag])
        step = self.step_mean + self.step_scale * self.head(self.features(self.standardised(local)))
        return window[:, -1] + self.layout.join(step, len(window))

    def standardised(self, local: Tensor) -> Tensor:
        """Return standardised windows, channels first, ``(B, channels, length)``."""
        return ((local - self.mean) / self.scale).transpose(1, 2)

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Adam, then variable projection, then the head by ridge; then unrolled, where that is asked for.

        The penalty, and whether the unrolled training is kept, is chosen by valid prediction on the validation split.
        """
        windows, targets = self._data(*delay_pairs(demonstrations, self.delays, self.device))
        total = self._total_steps()
        training.adam(self, windows, targets, lambda step, **m: progress(step, total, **m))
        stride = max(len(windows) // 10_000, 1) if self.fields else self.config.varpro_every
        loss = training.variable_projection(self, windows[::stride], targets[::stride])
        progress(self.config.steps + self.config.varpro_steps, total, **({} if loss is None else {"loss": loss}))
        with torch.no_grad():
            found = self._choose_penalty(windows, targets, validation)
        progress(self.config.steps + self.config.varpro_steps, total, **found)
        if self.config.unroll:
            self._unrolled(demonstrations, validation, progress, total)
        progress(total, total, one_step_error=self._one_step(windows, targets))

    def _data(self, windows: Tensor, following: Tensor) -> tuple[Tensor, Tensor]:
        """Return standardised windows ``(N, channels, length)`` and increments ``(N, outputs)`` of all places."""
        if self.config.jitter:
            noise = normal(windows.shape, torch.Generator().manual_seed(2), windows)
            windows = windows + self.config.jitter * self.unit(windows) * noise
        local, step = self.layout.spread(windows[:, :: self.config.lag]), self.layout.split(following - windows[:, -1])
        self.mean.copy_(local[:, -1].mean(0))
        self.scale.copy_(spread(local[:, -1]))
        self.step_mean.copy_(step.mean(0))
        self.step_scale.copy_(spread(step))
        stride = max(len(local) // MOST_ROWS, 1)
        return self.standardised(local[::stride]).contiguous(), ((step - self.step_mean) / self.step_scale)[::stride]

    def _choose_penalty(self, windows: Tensor, targets: Tensor, validation: Demonstrations) -> dict[str, float]:
        """Solve for the head with the penalty that predicts validation trajectories longest."""
        if not len(validation):
            self._solve_head(windows, targets, self.config.penalty)
            return {"penalty": self.config.penalty}
        scores = {}
        for penalty in PENALTIES:
            self._solve_head(windows, targets, penalty)
            scores[penalty] = validation_steps(self, validation)
        best = max(scores, key=lambda penalty: scores[penalty])
        self._solve_head(windows, targets, best)
        return {"penalty": best, "validation_valid_steps": scores[best]}

    def _unrolled(
        self, demonstrations: Demonstrations, validation: Demonstrations, progress: Progress, total: int
    ) -> None:
        done = self.config.steps + self.config.varpro_steps
        before = {name: value.clone() for name, value in self.state_dict().items()}
        score = validation_steps(self, validation)
        data = sequences(demonstrations, self.delays, self.config.unroll, self.device)
        training.unrolled(self, data, lambda step, **m: progress(done + step, total, **m))
        after = validation_steps(self, validation)
        if after <= score:
            self.load_state_dict(before)
        progress(total, total, validation_valid_steps=max(after, score), kept_unrolled=float(after > score))

    def _solve_head(self, windows: Tensor, targets: Tensor, penalty: float) -> None:
        weights, bias = ridge(self.features(windows), targets, penalty)
        with torch.no_grad():
            self.head.weight.copy_(weights.T)
            self.head.bias.copy_(bias)

    @torch.no_grad()
    def _one_step(self, windows: Tensor, targets: Tensor) -> float:
        """Return the root mean square error of one step, in standard deviations of the state."""
        gap = (self.head(self.features(windows)) - targets) * self.step_scale
        unit = self.layout.centre(self.scale.expand(1, self.layout.length, -1))[0]
        return float((gap / unit).square().mean().sqrt())

    def _total_steps(self) -> int:
        config = self.config
        return config.steps + config.varpro_steps + (config.unroll_steps if config.unroll else 0)
