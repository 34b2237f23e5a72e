"""The contract of samplers, and the time grids that they use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from torch import Tensor

from simplatform.errors import SolverError
from simplatform.policies.samplers.denoiser import Denoiser
from simplatform.policies.samplers.path import Path

Spacing = Literal["log_snr", "time", "quadratic"]


def grid(path: Path, steps: int, spacing: Spacing = "log_snr") -> list[float]:
    """Return ``steps + 1`` times from noise to data, uniform in λ, in t, or in √t."""
    if steps < 1:
        raise SolverError(f"expected at least one step, got {steps}")
    if spacing == "log_snr":
        inner = np.linspace(path.log_snr(path.first), path.log_snr(path.last), steps + 1)[1:-1]
        return [path.first, *(path.time(float(value)) for value in inner), path.last]
    power = 2 if spacing == "quadratic" else 1
    found: list[float] = (np.linspace(path.first ** (1 / power), path.last ** (1 / power), steps + 1) ** power).tolist()
    return found


class Sampler(ABC):
    """Carries noise to data through the probability-flow ODE of a denoiser."""

    order: int
    """Order of convergence that is measured (not the one of its weights)."""
    evaluations: int = 1
    """Network evaluations a step."""
    spacing: Spacing = "log_snr"

    def sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        """Return the state at ``times[-1]``, from ``x (B, ...)`` at ``times[0]``; times fall towards data.

        Raises:
            SolverError: fewer than two times, or times that do not fall.
            BudgetExceeded: the denoiser's budget ran out.
        """
        if len(times) < 2 or any(later >= earlier for earlier, later in pairwise(times)):
            raise SolverError("expected at least two times, strictly falling from noise to data")
        return self._sample(denoiser, x, times)

    def generate(self, denoiser: Denoiser, x: Tensor, nfe: int) -> Tensor:
        """Sample with at most ``nfe`` evaluations on this sampler's own grid.

        Raises:
            SolverError: not even one step can be paid.
        """
        return self.sample(denoiser, x, grid(denoiser.path, self.steps(nfe), self.spacing))

    def steps(self, nfe: int) -> int:
        """Return how many steps ``nfe`` evaluations pay."""
        if nfe < self.evaluations:
            raise SolverError(f"{type(self).__name__} needs {self.evaluations} evaluations a step, got nfe={nfe}")
        return nfe // self.evaluations

    @abstractmethod
    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        """Return the state at the last time."""


class OneStep(Sampler):
    """A sampler without memory."""

    @abstractmethod
    def step(self, denoiser: Denoiser, x: Tensor, s: float, t: float) -> Tensor:
        """Return the state at ``t`` from ``x`` at ``s``."""

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        for s, t in pairwise(times):
            x = self.step(denoiser, x, s, t)
        return x


def transfer(path: Path, x: Tensor, noise: Tensor, s: float, t: float) -> Tensor:
    """Move from ``s`` to ``t`` as if the noise stayed as it is (DDIM): (α_t/α_s) x + (σ_t − σ_s α_t/α_s) e."""
    ratio = path.alpha(t) / path.alpha(s)
    return ratio * x + (path.sigma(t) - path.sigma(s) * ratio) * noise
