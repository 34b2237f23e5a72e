"""Train a UPINN: û passes through the points, û' - f_known(û) - F(û) vanishes between them; many systems at once.

The loss is that of Podina, Eastman & Kohandel (2023), written as a posterior: data over their noise, residuals of the
equation over a tolerance, and a normal prior on the weights. The noise is found from the data (MacKay, 1992), steps are
Levenberg and Marquardt's, and the posterior's normal approximation gives draws of û and F.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor
from torch.func import jacrev, jvp, vmap

from simplatform.policies.dynamics.known import Known
from simplatform.policies.dynamics.upinn.networks import Networks

PRIOR = 0.1
"""Precision of the weights a priori."""
LEAST_NOISE, MOST_NOISE = 1e-3, 0.5
PATIENCE = 1e-4
"""A fit rests once a step takes off less than this share of every loss."""


@dataclass(frozen=True)
class Samples:
    """What is measured of R systems: states ``(R, S, T, d)`` at times ``(R, T)``, known parameters ``(R, P)``."""

    states: Tensor
    times: Tensor
    parameters: Tensor

    @property
    def scale(self) -> tuple[Tensor, Tensor]:
        """Mean and spread of each component, ``(R, d)``."""
        spread = self.states.flatten(1, 2).std(1)
        return self.states.mean((1, 2)), torch.where(spread > 0, spread, 1.0)

    @property
    def half(self) -> Tensor:
        """Half of the time that a trajectory lasts, ``(R,)``."""
        return (self.times[:, -1] - self.times[:, 0]) / 2

    def standard(self) -> tuple[Tensor, Tensor]:
        """Return standardised states ``(R, S, T, d)`` and times from -1 to 1, ``(R, T)``."""
        mean, spread = self.scale
        times = (self.times - self.times[:, :1]) / self.half[:, None] - 1
        return (self.states - mean[:, None, None]) / spread[:, None, None], times


@dataclass(frozen=True)
class Fit:
    """Weights ``(R, P)``, factors L of their precision L Lᵀ ``(R, P, P)``, the noise in spreads ``(R,)``."""

    weights: Tensor
    factor: Tensor
    noise: Tensor

    def moves(self, count: int, generator: Generator) -> Tensor:
        """Return moves of the weights away from the mode, ``(R, count, P)``; the first is none."""
        rows, size = self.weights.shape
        white = torch.randn(rows, size, count, generator=generator, dtype=torch.float64)
        white[:, :, 0] = 0.0
        found: Tensor = torch.linalg.solve_triangular(self.factor.mT, white, upper=True).mT
        return found


class Problem:
    """Residuals of R systems in standard units: points first, then the equation at ``points`` times of each path."""

    def __init__(self, networks: Networks, known: Known, samples: Samples, points: int, tolerance: float) -> None:
        self.networks, self.known, self.samples = networks, known, samples
        self.states, self.times = samples.standard()
        self.mean, self.spread = samples.scale
        slopes = self.states.diff(dim=2) / self.times.diff(dim=1)[:, None, :, None]
        self.rate = slopes.square().mean((1, 2, 3)).sqrt().clamp_min(1e-9)
        """Size of the slopes, ``(R,)``, in spreads per half of the time."""
        self.grid = torch.linspace(-1, 1, points, dtype=torch.float64).expand(networks.paths, points)
        self.weight = (self.states.shape[2] / points) ** 0.5 / tolerance

    def residuals(self, weights: Tensor, noise: Tensor) -> Tensor:
        """Return ``(R, N)``."""
        return self._of(weights, *self._given(noise))

    def jacobian(self, weights: Tensor, noise: Tensor) -> Tensor:
        """Return ``(R, N, P)``."""
        found: Tensor = vmap(jacrev(self._one))(weights, *self._given(noise))
        return found

    def hidden(self, weights: Tensor, moves: Tensor) -> tuple[Tensor, Tensor]:
        """Return û in the data's units and F in theirs per time, ``(R, K, S G, d)``, for moves ``(R, K, P)``.

        Both are taken linear in the weights around ``weights (R, P)``, as the posterior is.
        """
        nets = self.networks

        def both(own: Tensor) -> tuple[Tensor, Tensor]:
            states, _ = nets.states(own, self.grid)
            return states, nets.hidden(own, states)

        def moved(own: Tensor, by: Tensor) -> tuple[Tensor, Tensor]:
            (states, force), (dx, df) = jvp(both, (own,), (by,))[:2]
            return states + dx, force + df

        states, force = vmap(vmap(moved, (None, 0)))(weights, moves)
        unit = self.spread * (self.rate / self.samples.half)[:, None]
        found = states * self.spread[:, None, None, None] + self.mean[:, None, None, None]
        return found.flatten(2, 3), (force * unit[:, None, None, None]).flatten(2, 3)

    def force(self, weights: Tensor, states: Tensor) -> Tensor:
        """Return F ``(R, S, d)``, per time, of states ``(R, S, d)``, both in the data's units."""
        standard = (states - self.mean[:, None]) / self.spread[:, None]
        unit = self.spread * (self.rate / self.samples.half)[:, None]
        found: Tensor = vmap(self.networks.hidden)(weights, standard) * unit[:, None]
        return found

    def first(self, generator: Generator) -> Tensor:
        """Return weights whose û is a smooth curve through the points (ridge), ``(R, P)``."""
        weights, nets = self.networks.first(len(self.states), generator), self.networks
        own = weights[:, : nets.hidden_from].view(len(weights), nets.paths, -1)
        steep, shift = own[..., : nets.units], own[..., nets.units : 2 * nets.units]
        bent = torch.tanh(self.times[:, None, :, None] * steep[:, :, None] + shift[:, :, None])
        left = torch.cat([bent, torch.ones_like(bent[..., :1])], -1)
        gram = left.mT @ left + 1e-2 * torch.eye(nets.units + 1, dtype=torch.float64)
        own[..., 2 * nets.units :] = torch.linalg.solve(gram, left.mT @ self.states).flatten(2)
        return weights

    def _given(self, noise: Tensor) -> tuple[Tensor, ...]:
        return (self.states, self.times, self.samples.parameters, self.mean, self.spread, self.rate, self.samples.half,
                noise)  # fmt: skip

    def _of(self, weights: Tensor, *given: Tensor) -> Tensor:
        found: Tensor = vmap(self._one)(weights, *given)
        return found

    def _one(
        self, weights: Tensor, states: Tensor, times: Tensor, parameters: Tensor, mean: Tensor, spread: Tensor,
        rate: Tensor, half: Tensor, noise: Tensor,
    ) -> Tensor:  # fmt: skip
        nets = self.networks
        said, _ = nets.states(weights, times.expand(nets.paths, -1))
        there, moving = nets.states(weights, self.grid)
        known = self.known(there * spread + mean, parameters) * half / (spread * rate)
        gap = moving / rate - known - nets.hidden(weights, there)
        return torch.cat([((said - states) / noise).flatten(), (self.weight * gap).flatten()])


Told = Callable[[int, Tensor], None]


def train(problem: Problem, steps: int, rounds: int, generator: Generator, told: Told = lambda done, loss: None) -> Fit:
    """Take ``rounds`` times ``steps`` steps, finding the noise anew after each round."""
    weights = problem.first(generator)
    noise = torch.full((len(weights),), 0.05, dtype=torch.float64)
    for number in range(rounds):
        weights = _descended(problem, weights, noise, steps, partial(_later, told, number * steps))
        factor = _factor(problem.jacobian(weights, noise))
        if number < rounds - 1:
            noise = _noise(problem, weights, noise, factor)
    return Fit(weights, factor, noise)


def _later(told: Told, before: int, done: int, loss: Tensor) -> None:
    told(before + done, loss)


def _descended(problem: Problem, weights: Tensor, noise: Tensor, steps: int, told: Told) -> Tensor:
    def loss_of(weights: Tensor) -> Tensor:
        loss = problem.residuals(weights, noise).square().sum(1) + PRIOR * weights.square().sum(1)
        return loss.nan_to_num(float("inf"), float("inf"))

    loss, damping = loss_of(weights), torch.full((len(weights), 1, 1), 1e-2, dtype=torch.float64)
    eye = torch.eye(weights.shape[1], dtype=torch.float64)
    for done in range(steps):
        jacobian = problem.jacobian(weights, noise)
        right = jacobian.mT @ problem.residuals(weights, noise)[..., None] + PRIOR * weights[..., None]
        gram = jacobian.mT @ jacobian + PRIOR * eye
        gram = gram + damping * (torch.diag_embed(gram.diagonal(dim1=1, dim2=2)) + 1e-9 * eye)
        tried = weights - torch.linalg.solve(gram, right)[..., 0]
        value = loss_of(tried)
        better = value < loss
        gained = torch.where(better, 1 - value / loss.clamp_min(1e-300), 0.0)
        weights = torch.where(better[:, None], tried, weights)
        loss = torch.where(better, value, loss)
        damping = torch.where(better[:, None, None], damping / 3, damping * 5).clamp(1e-10, 1e8)
        told(done + 1, loss)
        if bool(((gained < PATIENCE) & (better | (damping[:, 0, 0] > 1e6))).all()):
            break
    return weights


def _factor(jacobian: Tensor) -> Tensor:
    eye = torch.eye(jacobian.shape[2], dtype=torch.float64)
    found: Tensor = torch.linalg.cholesky(jacobian.mT @ jacobian + PRIOR * eye)
    return found


def _noise(problem: Problem, weights: Tensor, noise: Tensor, factor: Tensor) -> Tensor:
    """Return the noise that the points show: their misfit over the degrees of freedom that û leaves."""
    numbers = problem.states[0].numel()
    rows = problem.jacobian(weights, noise)[:, :numbers]
    spent = torch.linalg.solve_triangular(factor, rows.mT, upper=False).square().sum((1, 2))
    misfit = problem.residuals(weights, noise)[:, :numbers].square().sum(1) * noise.square()
    found: Tensor = (misfit / (numbers - spent).clamp_min(1.0)).sqrt()
    return found.clamp(LEAST_NOISE, MOST_NOISE)
