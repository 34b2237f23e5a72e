"""How a solution is found: Adam on points that are drawn anew each step, then L-BFGS or natural gradient."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.policies.meshfree.collocation import Collocation, Solution
from simplatform.policies.meshfree.natural import NaturalGradient
from simplatform.recipes.config import Config

Report = Callable[..., None]
LOOKS = 100
"""Times that a training is reported of."""


class TrainingConfig(Config):
    """How a solution is found."""

    inside: int = Field(1000, ge=8, description="points inside, of each step")
    outside: int = Field(200, ge=4, description="points on each face")
    weight: float = Field(0.0, ge=0, description="of the residual inside; 0 = 1 / mean square of its source")
    adam: int = Field(0, ge=0, description="steps of Adam, on new points each")
    rate: float = Field(1e-2, gt=0, description="of Adam")
    decay: float = Field(0.9995, gt=0, le=1, description="of rate, per step")
    lbfgs: int = Field(0, ge=0, description="steps of L-BFGS after it, in rounds of 50 on fixed points")
    natural: int = Field(0, ge=0, description="steps of natural gradient (Gauss-Newton) after it, on new points each")
    damping: float = Field(1e-4, gt=0, description="of natural gradient, at first; a share of the mean squared slope")
    momentum: float = Field(0.0, ge=0, lt=1, description="of natural gradient (SPRING)")
    cg: int = Field(0, ge=0, description="steps of matrix-free conjugate gradients for each of them; 0 = direct")
    causal: float = Field(0.0, ge=0, description="of causal weights in time (Adam, L-BFGS); 0 = none, 1 is usual")
    ensemble: int = Field(5, ge=1, description="solutions that make the interval of a sought parameter")
    seconds: float = Field(0.0, ge=0, description="stop after this many seconds; 0 = after the steps")
    tolerance: float = Field(0.05, gt=0, description="relative residual up to which a solution counts as converged")

    def shortened(self, share: float) -> TrainingConfig:
        """Return the settings with that share of all steps."""
        names = ("adam", "lbfgs", "natural")
        return self.model_copy(update={name: math.ceil(share * getattr(self, name)) for name in names})


@dataclass
class Solved:
    """What a training leaves beside the weights: its seconds, its looks, and the last relative residuals."""

    seconds: float = 0.0
    steps: int = 0
    inside: float = math.nan
    outside: float = math.nan
    history: list[tuple[float, float, float]] = field(default_factory=list)
    """Seconds, step and loss of each look."""

    def doubts(self, tolerance: float) -> tuple[str, ...]:
        """Say that it did not converge, if it did not."""
        if self.inside <= tolerance and self.outside <= tolerance:
            return ()
        return (f"NOT CONVERGED: the residual is {self.inside:.2g} of its terms inside and {self.outside:.2g} of the "
                f"solution at its sides; {tolerance:g} was asked for (more steps, or another method)",)  # fmt: skip


class Training:
    """One training of one solution."""

    def __init__(
        self, solution: Solution, collocation: Collocation, config: TrainingConfig, generator: Generator, report: Report
    ) -> None:
        self.solution, self.collocation, self.config = solution, collocation, config
        self.generator, self.report = generator, report
        self.total = config.adam + config.lbfgs + config.natural
        self.solved, self._begun = Solved(), time.perf_counter()

    def run(self) -> Solved:
        """Train in all stages; returns what is left."""
        with torch.enable_grad():
            self._adam()
            self._lbfgs()
            self._natural()
        self.solved.seconds = time.perf_counter() - self._begun
        self.solved.inside, self.solved.outside = self.solution.relative(self.collocation)
        return self.solved

    def _over(self) -> bool:
        return 0 < self.config.seconds < time.perf_counter() - self._begun

    def _look(self, loss: Tensor | float) -> None:
        step = self.solved.steps = self.solved.steps + 1
        if step % max(1, self.total // LOOKS) == 0 or step == self.total:
            value, seconds = float(loss), time.perf_counter() - self._begun
            self.solved.history.append((round(seconds, 3), float(step), value))
            self.report(step, self.total, loss=value, seconds=seconds)

    def _adam(self) -> None:
        config = self.config
        if not config.adam:
            return
        parameters = [one for one in self.solution.parameters() if one.requires_grad]
        optimiser = torch.optim.Adam(parameters, lr=config.rate)
        for step in range(config.adam):
            if self._over():
                return
            optimiser.param_groups[0]["lr"] = config.rate * config.decay**step
            loss = self._loss(self.collocation.draw(self.generator))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            self._look(loss.detach())

    def _lbfgs(self) -> None:
        done, round_of = 0, 50
        while done < self.config.lbfgs and not self._over():
            points = self.collocation.draw(self.generator)
            optimiser = torch.optim.LBFGS(
                [one for one in self.solution.parameters() if one.requires_grad], lr=1.0, max_iter=1,
                history_size=100, line_search_fn="strong_wolfe",
            )  # fmt: skip

            def closure(points: Any = points, optimiser: torch.optim.LBFGS = optimiser) -> Tensor:
                optimiser.zero_grad(set_to_none=True)
                loss = self._loss(points)
                loss.backward()
                return loss

            for _ in range(min(round_of, self.config.lbfgs - done)):
                if self._over():
                    return
                value = optimiser.step(closure)
                done += 1
                self._look(value.detach())

    def _natural(self) -> None:
        config = self.config
        method = NaturalGradient(self.solution, config.damping, config.momentum, config.cg)
        for _ in range(config.natural):
            if self._over():
                return
            value = method.step(self.collocation.blocks, self.collocation.draw(self.generator))
            self._look(value)

    def _loss(self, points: list[Tensor]) -> Tensor:
        parts = self.collocation.loss(self.solution, points)
        total: Tensor = torch.stack(list(parts.values())).sum()
        return total
