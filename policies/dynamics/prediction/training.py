"""How predictors of increments are trained: Adam on one step, variable projection, Adam through closed loops."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Protocol

import torch
from pydantic import Field
from torch import Tensor, nn

from simplatform.policies.dynamics.prediction.ridge import ridge
from simplatform.recipes.config import Config
from simplatform.seeding import integers


class TrainingConfig(Config):
    """Settings of the trainings on one step."""

    renamed: ClassVar[Mapping[str, str]] = {"adam_steps": "steps"}

    steps: int = Field(800, ge=0, description="steps of Adam before the head is solved for")
    batch: int = Field(512, ge=1, description="windows per step of Adam")
    lr: float = Field(3e-3, gt=0, description="peak learning rate of Adam (one cycle)")
    varpro_steps: int = Field(40, ge=0, description="L-BFGS iterations with the head solved inside the objective")
    penalty: float = Field(1e-10, gt=0, description="ridge penalty while solving for the head")


class Regression(Protocol):
    """A network whose last layer is linear."""

    head: nn.Linear

    @property
    def config(self) -> TrainingConfig:
        """Settings."""

    def features(self, x: Tensor) -> Tensor:
        """Return what the head sees."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Return all parameters."""

    def inner_parameters(self) -> list[nn.Parameter]:
        """Return those that the features depend on."""


class _ClosedLoopSettings(Protocol):
    """Settings of the training through closed loops."""

    @property
    def unroll_steps(self) -> int: ...
    @property
    def unroll_batch(self) -> int: ...
    @property
    def unroll_lr(self) -> float: ...


class ClosedLoop(Protocol):
    """A predictor that goes on from what it predicted."""

    @property
    def delays(self) -> int:
        """States in a window, q."""

    @property
    def config(self) -> _ClosedLoopSettings:
        """Settings."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Return all parameters."""

    def unit(self, states: Tensor) -> Tensor:
        """Return the standard deviation of each component of states ``(..., d)``."""

    def rollout(self, window: Tensor, steps: int) -> Tensor:
        """Predict from ``(B, q, d)``: ``(B, steps, d)``."""


Report = Callable[..., None]
CLIP = 1.0


def adam(predictor: Regression, windows: Tensor, targets: Tensor, report: Report) -> None:
    """Minimise the squared error of one step over random batches; one cycle of the learning rate."""
    config = predictor.config
    if not config.steps:
        return
    draws = integers(len(windows), (config.steps, config.batch), torch.Generator().manual_seed(0), windows.device)
    optimiser = torch.optim.Adam(predictor.parameters(), lr=config.lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.lr, total_steps=config.steps)
    for step in range(config.steps):
        chosen = draws[step]
        loss = (predictor.head(predictor.features(windows[chosen])) - targets[chosen]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 20 == 0:
            report(step, loss=float(loss.detach()))


def variable_projection(predictor: Regression, windows: Tensor, targets: Tensor) -> float | None:
    """Minimise the log error over the features alone, the head being the ridge solution (Golub & Pereyra, 1973).

    Returns the mean squared error reached; None where nothing was done. A line search that ends in non-finite numbers
    is undone.
    """
    config, parameters = predictor.config, predictor.inner_parameters()
    if not config.varpro_steps:
        return None
    optimiser = torch.optim.LBFGS(parameters, max_iter=config.varpro_steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        features = predictor.features(windows)
        weights, bias = ridge(features, targets, config.penalty)
        loss = (features @ weights + bias - targets).square().mean().log()
        loss.backward()
        return loss

    before = [parameter.detach().clone() for parameter in parameters]
    optimiser.step(closure)
    last = float(closure().detach())
    if not math.isfinite(last):
        with torch.no_grad():
            for parameter, value in zip(parameters, before, strict=True):
                parameter.copy_(value)
    return math.exp(last) if math.isfinite(last) else float("nan")


def unrolled(predictor: ClosedLoop, data: Tensor, report: Report) -> None:
    """Minimise the error of K predictions in closed loop on sequences ``(N, q + K, d)``, gradients clipped."""
    config, q = predictor.config, predictor.delays
    shape = (config.unroll_steps, config.unroll_batch)
    draws = integers(len(data), shape, torch.Generator().manual_seed(1), data.device)
    optimiser = torch.optim.Adam(predictor.parameters(), lr=config.unroll_lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.unroll_lr, total_steps=config.unroll_steps)
    scale = predictor.unit(data)
    for step in range(config.unroll_steps):
        chosen = data[draws[step]]
        predicted = predictor.rollout(chosen[:, :q], chosen.shape[1] - q)
        loss = ((predicted - chosen[:, q:]) / scale).square().mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(predictor.parameters(), CLIP)
        optimiser.step()
        schedule.step()
        if step % 20 == 0:
            report(step, loss=float(loss.detach()))
