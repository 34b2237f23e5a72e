"""A polynomial field for each system alone: no training, no other system's data; what a practitioner tries first.

Slopes of splines through the support trajectories give its first coefficients by regression; Levenberg and Marquardt's
steps on roll-outs over longer and longer windows do the rest. Each system has the degree that its own support asks for,
by the Bayesian information criterion (Schwarz, 1978): among fields that fit as well, the one with fewer coefficients.
"""

from __future__ import annotations

from math import log, prod
from typing import NamedTuple

import torch
from pydantic import Field
from scipy.interpolate import CubicSpline
from torch import Generator, Tensor, nn

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError
from simplatform.policies.dynamics.polynomials import Monomials, count, flow, monomials, tangent_flow
from simplatform.policies.dynamics.prediction.ridge import ridge_path
from simplatform.policies.dynamics.reconstruction.data import Systems, Windows, support_of
from simplatform.policies.dynamics.reconstruction.reconstructor import held
from simplatform.recipes.config import Config

MOST_NUMBERS = 4_000_000
"""Numbers that the tangents of one system's windows may take; fewer windows are looked at beyond."""
MOST_COMPONENTS = 32
FLOOR = 1e-14
"""Mean squared error, in units of the spread, below which no field is better than another."""
LEAST_GAIN = 1e-2
"""Steps end when one takes off less than this share of every system's error."""
LARGEST_DAMPING = 1e3
"""Steps so damped that did not help end the search."""
RESOLVED = 1e-7
"""Change of one interval by twice as many solver steps, in units of the spread, that needs no more of them."""
MOST_SUBSTEPS = 8
SPARE = 1.5
"""Samples of a component, at least, for each of its coefficients; a system with fewer gets a lower degree."""


class PolynomialConfig(Config):
    """Settings of the polynomial field."""

    degrees: tuple[int, ...] = Field(
        (1, 2, 3, 4, 5), min_length=1, description="degrees that each system is tried with"
    )
    lengths: tuple[int, ...] = Field((1, 4, 1000), min_length=1, description="intervals in a window, one after another")
    iterations: int = Field(20, ge=0, description="Levenberg-Marquardt steps per length, at most")
    substeps: int = Field(1, ge=1, description="least steps of order eight between two samples")


class Fitted(NamedTuple):
    """Fields ``W (B, F, d)`` in units of each system's mean, spread ``(B, d)`` and step ``(B,)``; degrees ``(B,)``."""

    degrees: Tensor
    weights: Tensor
    mean: Tensor
    scale: Tensor
    step: Tensor


class PolynomialField(nn.Module):
    """Forecasts ``(T, d)`` from ``initial (d,)`` at ``times (T,)``, fitted to ``support (S, T, d)``; float64."""

    observe = execute = 1

    def __init__(self, config: PolynomialConfig, signature: Signature) -> None:
        """Check the environment.

        Raises:
            ContractError: it shows no support trajectories, or states too large for all their products.
        """
        super().__init__()
        shape = signature.observation.get("support", ())
        if len(shape) < 3 or prod(shape[2:]) > MOST_COMPONENTS:
            raise ContractError(
                f"a polynomial field expects an observation 'support' (S, T, d) with d of at most {MOST_COMPONENTS}; "
                f"got {dict(signature.observation)}"
            )
        self.config, self.state, self.dim = config, tuple(shape[2:]), prod(shape[2:])
        self._fitted: Fitted | None = None
        self._substeps = config.substeps

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Nothing is learned before a system is seen."""

    @torch.no_grad()
    def reset(self, observation: Observation) -> None:
        """Fit a field to the support trajectories ``(B, 1, S, T, ...)`` of each system."""
        self._fitted = self._regressed(support_of(observation))

    @torch.no_grad()
    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the trajectory from ``initial``: ``(B, 1, T, ...)``; one that runs away stays at a million spreads.

        Raises:
            ContractError: ``reset`` was not called, so that there is nothing fitted.
        """
        if self._fitted is None:
            raise ContractError("a polynomial field must be fitted before it acts: call reset(observation) first")
        degrees, weights, mean, scale, step = self._fitted
        start = (observation["initial"][:, -1].double().flatten(1) - mean) / scale
        times = (observation["times"][:, -1].double() / step[:, None]).T[:, :, None, None]
        states = flow(monomials(self.dim, int(degrees.max())), weights, start[:, None], times, self.config.substeps)[
            :, :, 0
        ]
        found = held(states.transpose(0, 1), torch.tensor(1e6, dtype=torch.float64)) * scale[:, None] + mean[:, None]
        answer: Tensor = found[:, None].unflatten(-1, self.state)
        return answer

    def _regressed(self, support: Systems) -> Fitted:
        mean, spread = support.states.mean((1, 2)), support.states.flatten(1, 2).std(1)
        scale = torch.where(spread > 0, spread, 1.0)
        step = support.times.diff(dim=1).mean(1)
        states = (support.states - mean[:, None, None]) / scale[:, None, None]
        own = Systems(states, support.times / step[:, None], support.family, support.number)
        samples = states.shape[1] * (states.shape[2] - 1)
        able = [d for d in sorted(self.config.degrees) if count(self.dim, d) * SPARE <= samples]
        able = able or [min(self.config.degrees)]
        found = states.new_zeros(len(states), count(self.dim, able[-1]), self.dim)
        best, degrees = states.new_full((len(states),), float("inf")), torch.full((len(states),), able[0])
        open_rows = torch.arange(len(states))
        for degree in able:
            weights, loss = self._of_degree(degree, own.rows(open_rows))
            numbers, size = samples * self.dim, count(self.dim, degree)
            worth = numbers * (loss + FLOOR).log() + size * self.dim * log(numbers)
            better = worth < best[open_rows]
            rows = open_rows[better]
            best[rows], degrees[rows] = worth[better], degree
            found[rows] = 0.0
            found[rows, :size] = weights[better]
            open_rows = open_rows[~(loss < FLOOR)]
            if not len(open_rows):
                break
        return Fitted(degrees, found[:, : count(self.dim, int(degrees.max()))], mean, scale, step)

    def _of_degree(self, degree: int, own: Systems) -> tuple[Tensor, Tensor]:
        """Return the fields ``(R, F, d)`` of a degree, and their mean squared errors over whole trajectories."""
        basis = monomials(self.dim, degree)
        weights = torch.stack([_by_slopes(basis, x, t) for x, t in zip(own.states, own.times, strict=True)])
        self._substeps = self._enough(basis, weights, own.windows(1))
        longest = own.states.shape[2] - 1
        for length in sorted({min(length, longest) for length in self.config.lengths}):
            weights = self._refined(basis, weights, own.windows(length, stride=max(length // 2, 1)))
        return weights, self._loss(basis, weights, own.windows(longest))

    def _enough(self, basis: Monomials, weights: Tensor, windows: Windows) -> int:
        """Return as many solver steps between two samples as resolve all intervals."""
        steps, start, times = self.config.substeps, windows.states[:, :, 0], _clock(windows)
        coarse = flow(basis, weights, start, times, steps)[-1]
        while steps < MOST_SUBSTEPS:
            fine = flow(basis, weights, start, times, 2 * steps)[-1]
            if not bool((fine - coarse).abs().nan_to_num(0.0).max() > RESOLVED):
                break
            steps, coarse = 2 * steps, fine
        return steps

    def _refined(self, basis: Monomials, weights: Tensor, windows: Windows) -> Tensor:
        size = windows.states.shape[2] * self.dim * len(basis) * self.dim
        windows = windows.spaced(max(2, MOST_NUMBERS // size))
        damping = torch.full((len(weights), 1, 1), 1e-6, dtype=torch.float64)
        loss = self._loss(basis, weights, windows)
        for _ in range(self.config.iterations):
            tried = weights - self._step(basis, weights, windows, damping)
            value = self._loss(basis, tried, windows)
            better = value < loss
            gained = (1 - value / loss.clamp_min(1e-300))[better]
            weights = torch.where(better[:, None, None], tried, weights)
            damping = torch.where(better[:, None, None], damping / 10, damping * 10)
            loss = torch.where(better, value, loss)
            idle = bool(better.all()) and bool((gained < LEAST_GAIN).all())
            if idle or bool(((damping > LARGEST_DAMPING) | (loss < FLOOR**2)).all()):
                break
        return weights

    def _loss(self, basis: Monomials, weights: Tensor, windows: Windows) -> Tensor:
        states = flow(basis, weights, windows.states[:, :, 0], _clock(windows), self._substeps)
        gap = states.permute(1, 2, 0, 3) - windows.states
        return gap.square().mean((1, 2, 3)).nan_to_num(float("inf"), float("inf"))

    def _step(self, basis: Monomials, weights: Tensor, windows: Windows, damping: Tensor) -> Tensor:
        times = _clock(windows)[..., None]
        states, tangents = tangent_flow(basis, weights, windows.states[:, :, 0], times, self._substeps, by="weights")
        gap = (states.permute(1, 2, 0, 3) - windows.states)[:, :, 1:].flatten(1)
        rows = tangents.permute(1, 2, 0, 3, 4)[:, :, 1:].flatten(1, 3)
        rows, gap = rows.nan_to_num(0.0, 0.0, 0.0), gap.nan_to_num(0.0, 0.0, 0.0)
        gram = rows.mT @ rows
        diagonal = gram.diagonal(dim1=1, dim2=2)
        gram = gram + torch.diag_embed(diagonal * damping[:, 0] + 1e-14 * diagonal.amax(1, keepdim=True) + 1e-300)
        answer: Tensor = torch.linalg.solve(gram, rows.mT @ gap[..., None]).view_as(weights)
        return answer


def _clock(windows: Windows) -> Tensor:
    return windows.times.permute(2, 0, 1)[..., None]


def _by_slopes(basis: Monomials, states: Tensor, times: Tensor) -> Tensor:
    """Regress the slopes of cubic splines through trajectories ``(N, T, d)`` on the monomials of their states."""
    slopes = torch.as_tensor(CubicSpline(times.numpy(), states.numpy(), axis=1).derivative()(times.numpy()))
    return ridge_path(basis(states.flatten(0, 1)), slopes.flatten(0, 1), (1e-8,))[0]
