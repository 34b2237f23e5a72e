"""UPINN: a universal physics-informed network (Podina, Eastman & Kohandel, ICML 2023, arXiv:2307.05107).

Of a right-hand side some terms are known; û(t) passes through few noisy points, and F(û) is what the known terms leave
of its slope. F is then read off as a formula of products of the states, with intervals. Rule from UPINN; steps, noise
and the choice of terms are our own (see ``training`` and ``reading``). All is learned on the CPU, whatever the policy's
device: a system is a few hundred weights.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import ClassVar, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ConfigError, ContractError, DataError
from simplatform.policies.dynamics.known import PARAMETERS, Known
from simplatform.policies.dynamics.polynomials import Basis, count, monomials
from simplatform.policies.dynamics.reconstruction.reconstructor import held
from simplatform.policies.dynamics.upinn import reading
from simplatform.policies.dynamics.upinn.networks import Networks
from simplatform.policies.dynamics.upinn.reading import Formulas, Reading
from simplatform.policies.dynamics.upinn.training import Fit, Problem, Samples, train
from simplatform.recipes.config import Config
from simplatform.solvers import DOP853

MOST_TERMS = 250
"""Coefficients of a library, at most: all are tried one by one."""
REACH = 1e6


class UPINNConfig(Config):
    """Settings of the UPINN."""

    degree: int = Field(3, ge=0, le=6, description="highest degree of the products that the hidden term is read off in")
    units: int = Field(24, ge=2, description="tanh units of the network of each trajectory")
    width: int = Field(12, ge=1, description="tanh units of the hidden term's network")
    points: int = Field(60, ge=4, description="times of each trajectory at which the equation must hold")
    tolerance: float = Field(0.02, gt=0, description="residual of the equation that counts, in the size of the slopes")
    steps: int = Field(30, ge=1, description="Levenberg-Marquardt steps in each round, at most")
    rounds: int = Field(3, ge=1, description="rounds of training; after each but the last the noise is found anew")
    draws: int = Field(20, ge=1, description="draws of the posterior that propose terms")
    thresholds: tuple[float, ...] = Field(
        (0.02, 0.05, 0.1, 0.2), min_length=1, description="terms below this share of the slopes are not proposed"
    )
    substeps: int = Field(2, ge=1, description="steps of order eight between two samples")
    answer: Literal["best", "formula", "network"] = Field(
        "best", description="what forecasts: the formula, F itself, or F where it is twice as near to the support"
    )


class Learned(NamedTuple):
    """What was found of R systems: samples, the trained networks, and the formulas."""

    samples: Samples
    problem: Problem
    fit: Fit
    formulas: Formulas


class UPINN(nn.Module):
    """Forecasts ``(T, d)`` from ``initial (d,)`` at ``times (T,)``; learns from ``support (S, T, d)`` alone; float64.

    ``laws (E, F, d)`` are the coefficients that were found for the training systems, ``wide`` half the widths of their
    95 % intervals, ``misfit (E,)`` in spreads, ``noise (E,)`` that which the points show, ``values (E, P)`` the known
    parameters, ``numbers (E,)`` the systems.
    """

    observe = execute = 1
    lockstep: ClassVar[Literal["free", "together"]] = "together"
    sized_by_data = ("laws", "wide", "misfit", "noise", "values", "numbers")
    laws: Tensor
    wide: Tensor
    misfit: Tensor
    noise: Tensor
    values: Tensor
    numbers: Tensor
    seed: Tensor

    def __init__(self, config: UPINNConfig, signature: Signature) -> None:
        """Check the environment, and read its known terms.

        Raises:
            ContractError: it shows no support trajectories of vectors.
            ConfigError: so many products that they cannot be tried one by one.
        """
        super().__init__()
        shape = signature.observation.get("support", ())
        if len(shape) != 3:
            raise ContractError(
                f"upinn expects an observation 'support' (S, T, d); got {dict(signature.observation)}. The tasks "
                "`equations` and `trajectories` show one."
            )
        self.config, self.dim = config, prod(shape[2:])
        terms = count(self.dim, config.degree)
        if terms * self.dim > MOST_TERMS:
            raise ConfigError(
                f"upinn: products of degree {config.degree} of {self.dim} states have {terms * self.dim} coefficients, "
                f"more than {MOST_TERMS}; lower policy.degree"
            )
        self.known = Known(signature, self.dim)
        for name, size in (("laws", (0, terms, self.dim)), ("wide", (0, terms, self.dim)), ("misfit", (0,)),
                           ("noise", (0,)), ("values", (0, len(self.known.parameters)))):  # fmt: skip
            self.register_buffer(name, torch.zeros(size, dtype=torch.float64))
        self.register_buffer("numbers", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("seed", torch.randint(2**31, ()))
        self._learned: Learned | None = None
        self._by_network = torch.zeros(0, dtype=torch.bool)

    @property
    def basis(self) -> Basis:
        """The products that the hidden term is read off in."""
        return monomials(self.dim, self.config.degree)

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Find the hidden terms of the training systems, for the report; a system is learned when it is shown.

        Raises:
            DataError: there are no demonstrations.
        """
        first = {int(one.infos["environment"][0]): one.observations for one in reversed(list(demonstrations))}
        if not first:
            raise DataError("upinn needs demonstrations of one system or more; there are none")
        rows = [first[number] for number in sorted(first)]
        stacked = {name: torch.stack([torch.as_tensor(row[name][:1]) for row in rows]) for name in rows[0]}
        samples, total = self._samples(stacked), self.config.steps * self.config.rounds
        found = self.learn(samples, lambda done, loss: progress(done, total, loss=float(loss.mean())))
        kept = (found.formulas.weights, found.formulas.half, found.formulas.misfit, found.fit.noise, samples.parameters)
        self.laws, self.wide, self.misfit, self.noise, self.values = (one.to(self.seed.device) for one in kept)
        self.numbers = torch.tensor(sorted(first), device=self.seed.device)

    def learn(self, samples: Samples, told: Callable[[int, Tensor], None] = lambda done, loss: None) -> Learned:
        """Train the networks of R systems, and read their hidden terms off.

        Raises:
            DataError: samples that are not finite.
        """
        if not bool(samples.states.isfinite().all()):
            raise DataError("upinn: the support holds values that are not finite; take these samples out")
        config, rows = self.config, samples.states.shape
        generator = torch.Generator().manual_seed(int(self.seed))
        problem = Problem(
            Networks(rows[1], self.dim, config.units, config.width), self.known, samples, config.points,
            config.tolerance,
        )  # fmt: skip
        fit = train(problem, config.steps, config.rounds, generator, told)
        states, force = problem.hidden(fit.weights, fit.moves(config.draws, generator))
        field = reading.Field(self.known, self.basis, samples.parameters, config.substeps)
        reader = Reading(field, samples, states, force)
        slopes = problem.spread * (problem.rate / samples.half)[:, None]
        return Learned(samples, problem, fit, reader.read(reader.proposed(slopes, config.thresholds)))

    @torch.no_grad()
    def reset(self, observation: Observation) -> None:
        """Learn the systems ``support (B, 1, S, T, d)``, each by itself."""
        self._learned = found = self.learn(self._samples(observation))
        by_formula, by_network = (self._misfit(found, network=network) for network in (False, True))
        self._by_network = {
            "formula": torch.zeros_like(by_formula, dtype=torch.bool),
            "network": torch.ones_like(by_formula, dtype=torch.bool),
            "best": ~(by_formula <= 2 * by_network.nan_to_num(float("inf"))),
        }[self.config.answer]

    @torch.no_grad()
    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the trajectory from ``initial``: ``(B, 1, T, d)``; one that runs away stays at a million spreads.

        Raises:
            ContractError: ``reset`` was not called.
        """
        if self._learned is None:
            raise ContractError("upinn learns a system before it forecasts: call reset(observation) first")
        start = observation["initial"][:, -1].cpu().double()[:, None]
        times = observation["times"][:, -1].cpu().double()
        formula, network = (self._rollout(self._learned, start, times, network=n)[:, 0] for n in (False, True))
        chosen = torch.where(self._by_network[:, None, None], network, formula)
        unit = self._learned.problem.spread[:, None]
        answer = held(chosen / unit, torch.tensor(REACH, dtype=torch.float64))[:, None] * unit[:, None]
        return answer.to(self.seed.device)

    def formulas(self, laws: Tensor, half: Tensor) -> list[str]:
        """Return the hidden terms ``(F, d)`` with their 95 % intervals, a line for each state that has some."""
        names, lines = self.basis.names(self.known.states), []
        for state, column, wide in zip(self.known.states, laws.T, half.T, strict=True):
            terms = [f"{w:.4g} ± {h:.2g} · {name}" for w, h, name in
                     zip(column.tolist(), wide.tolist(), names, strict=True) if w]  # fmt: skip
            lines.append(f"{state}' has, beside what is known: {'; '.join(terms) or 'nothing'}")
        return lines

    def _samples(self, observation: Observation) -> Samples:
        support = observation["support"][:, -1].cpu().double()
        times, wanted = observation["times"][:, -1].cpu().double(), len(self.known.parameters)
        none = support.new_zeros(len(support), 0)
        parameters = observation[PARAMETERS][:, -1].cpu().double() if PARAMETERS in observation else none
        if parameters.shape[1] != wanted:
            raise ContractError(f"upinn: the known terms have {wanted} parameters, {parameters.shape[1]} are shown")
        return Samples(support, times, parameters)

    def _misfit(self, found: Learned, *, network: bool) -> Tensor:
        """Return how far trajectories are from the support, root mean square in spreads, ``(R,)``."""
        start = found.samples.states[:, :, 0]
        states = self._rollout(found, start, found.samples.times, network=network)
        gap = (states - found.samples.states) / found.problem.spread[:, None, None]
        return gap.square().mean((1, 2, 3)).sqrt().nan_to_num(float("inf"), float("inf"))

    def _rollout(self, found: Learned, start: Tensor, times: Tensor, *, network: bool) -> Tensor:
        """Return states ``(R, S, T, d)`` from ``start (R, S, d)`` at ``times (R, T)``."""
        rows, parameters = torch.arange(len(start)), found.samples.parameters
        if not network:
            field = reading.Field(self.known, self.basis, parameters, self.config.substeps)
            return field.rollout(rows, found.formulas.weights, start, times)

        def slope(_: Tensor, x: Tensor) -> Tensor:
            x = x.clamp(-REACH, REACH)
            return self.known(x, parameters[:, None]) + found.problem.force(found.fit.weights, x)

        when = (times - times[:, :1]).T[:, :, None, None]
        return DOP853(self.config.substeps).march(slope, start, when).permute(1, 2, 0, 3)
