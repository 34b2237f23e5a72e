"""How reconstructors are trained: short windows first, then second-order finishing, on windows and on whole paths.

A window of one interval is multiple shooting with known nodes: it costs a twentieth of a roll-out of twenty samples,
cannot blow up far, and has no bad minima that a long roll-out has. Whole trajectories come last. L-BFGS (Liu & Nocedal,
1989) does what Adam cannot: the smallness of the last two digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Generator, Tensor, nn

from simplatform.contracts import Progress
from simplatform.policies.dynamics.reconstruction.data import Systems, Windows
from simplatform.policies.dynamics.reconstruction.experts import VectorField
from simplatform.policies.dynamics.reconstruction.finishing import CHUNK, Block, Finisher
from simplatform.policies.dynamics.reconstruction.guard import Guard
from simplatform.policies.dynamics.reconstruction.matching import Slopes, slopes_of
from simplatform.policies.dynamics.reconstruction.settings import ReconstructorConfig

MOST_STEPS = 32
"""Solver steps between two samples that training goes up to."""

MATCHED = 256
"""Most states of each environment whose derivatives are matched."""


class _Reconstructing(Protocol):
    """What training asks of a reconstructor (see ``Reconstructor``, which all of them are)."""

    lost: int
    resolution: Tensor
    seed: Tensor

    @property
    def config(self) -> ReconstructorConfig: ...
    @property
    def sized_by_data(self) -> tuple[str, ...]: ...
    @property
    def discrete(self) -> bool: ...
    def parameters(self) -> Iterator[nn.Parameter]: ...
    def state_dict(self) -> dict[str, Tensor]: ...
    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> Any: ...
    def first_codes(self, count: int, generator: Generator) -> Tensor: ...
    def first_routes(self, systems: Systems) -> Tensor: ...
    def wants_routes(self, step: int) -> bool: ...
    def route(self, systems: Systems, routes: Tensor, codes: Tensor, share: float) -> Tensor: ...
    def counts(self) -> dict[str, float]: ...
    def training_field(self, routes: Tensor, codes: Tensor) -> tuple[Tensor, VectorField]: ...
    def blocks(self, routes: Tensor) -> list[Block]: ...
    def fewer(self, count: int) -> int: ...
    def residuals(self, field: VectorField, windows: Windows, unit: Tensor, substeps: int = 0) -> Tensor: ...
    def penalty(self, field: VectorField, windows: Windows, codes: Tensor, generator: Generator) -> Tensor: ...
    def remember(self, systems: Systems, codes: Tensor, routes: Tensor) -> None: ...
    def measure_steps(self, systems: Systems, routes: Tensor, codes: Tensor) -> None: ...
    def steps_of(self, experts: Tensor) -> int: ...


class Training:
    """One fit: the codes of all environments, their routes, and the counts that reports show."""

    def __init__(
        self, model: _Reconstructing, systems: Systems, progress: Progress, score: Callable[[], float]
    ) -> None:
        """Start all codes near zero; ``score`` is the validation error of the model as it stands (NaN without data)."""
        self.model, self.systems, self.config = model, systems, model.config
        self.generator = torch.Generator().manual_seed(int(model.seed))
        self.codes = nn.Parameter(model.first_codes(len(systems), self.generator).to(systems.states.device))
        self.routes = model.first_routes(systems)
        self.unit = systems.spread()
        self.guard = Guard([*model.parameters(), self.codes])
        self._progress, self._score, self._best = progress, score, float("inf")
        self._kept: dict[str, Tensor] = {}
        stages = (self.config.match, self.config.steps, self.config.finish, self.config.refine)
        self._total = sum(stages)
        self._done = 0

    def run(self) -> None:
        """Train from first to last, and keep what does best on validation."""
        self.match(self.config.match)
        self.descend()
        self.finish(self.config.finish, length=1)
        self.look()
        if self.config.refine:
            self.finish(self.config.refine, length=self.systems.states.shape[2] - 1)
            self.look()
        if self._kept:
            for name in self.model.sized_by_data:
                setattr(self.model, name, self._kept[name])
            self.model.load_state_dict(self._kept)

    def match(self, iterations: int) -> None:
        """Take L-BFGS iterations on derivatives; maps from sample to sample have none."""
        if not iterations or self.model.discrete:
            return
        generator = torch.Generator().manual_seed(int(self.model.seed))
        slopes = slopes_of(self.systems, self.model.fewer(MATCHED), self.config.match_noise, generator)
        finishers = [self._matcher(block, slopes.rows(block.rows)) for block in self.model.blocks(self.routes)]
        self._iterate(finishers, iterations)

    def descend(self) -> None:
        """Take Adam steps on random windows, and route now and then."""
        config, model = self.config, self.model
        rates = [config.lr, config.context_lr]
        groups: list[dict[str, Any]] = [{"params": list(model.parameters())}, {"params": [self.codes]}]
        groups = [group | {"lr": rate} for group, rate in zip(groups, rates, strict=True) if group["params"]]
        optimiser = torch.optim.Adam(groups, eps=1e-12)
        for step in range(config.steps):
            if model.wants_routes(step):
                self.routes = model.route(self.systems, self.routes, self.codes.detach(), step / config.steps)
            if config.regulariser == "lrnde" and step % 100 == 0:
                model.measure_steps(self.systems, self.routes, self.codes.detach())
            loss = self._window_loss()
            optimiser.zero_grad()
            loss.backward()
            if self.guard.accepts(loss):
                for group, rate in zip(optimiser.param_groups, rates, strict=False):
                    group["lr"] = rate * self.guard.rate * one_cycle(step / config.steps)
                nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], 1.0)
                optimiser.step()
            self._report(1, loss, step % 20 == 0)
        self.guard.settle()

    def finish(self, iterations: int, length: int) -> None:
        """Take L-BFGS iterations on windows of ``length`` intervals, block by block.

        After each chunk, an expert whose field its steps do not resolve gets twice as many of them.
        """
        windows = self._jittered(self._fixed_windows(length))
        finishers = [self._finisher(block, windows.rows(block.rows)) for block in self.model.blocks(self.routes)]

        def after(finisher: Finisher, done: int) -> None:
            if length == 1 and done < iterations:
                self.resolve(finisher, windows.rows(finisher.block.rows))

        self._iterate(finishers, iterations, after)

    @torch.no_grad()
    def resolve(self, finisher: Finisher, windows: Windows) -> None:
        """Double a block's steps between two samples if that would change its roll-outs by more than is allowed.

        The field is learned through the solver, and with too few steps no field fits: one whose fast phases the steps
        skip (relaxation oscillations), or whose true counterpart they would not keep stable (diffusion).
        """
        model, allowed, experts = self.model, self.config.resolve, self.routes[finisher.block.rows].unique()
        steps = model.steps_of(experts)
        if model.discrete or not allowed or 2 * steps > MOST_STEPS:
            return
        field, unit = finisher.block.bind(finisher.codes), self.unit[finisher.block.rows]
        coarse, fine = (model.residuals(field, windows, unit, count) for count in (steps, 2 * steps))
        if not bool((fine - coarse).square().mean() <= allowed):
            model.resolution[experts] = 2 * steps
            finisher.forget()

    def look(self) -> None:
        """Keep the model's state if validation likes it best so far."""
        self.model.remember(self.systems, self.codes.detach(), self.routes)
        value = self._score()
        if value == value:
            lost = float(self.model.lost)
            self._progress(max(self._done, 1), self._total, validation_relative_mse=value, validation_diverged=lost)
            if value < self._best:
                self._best = value
                self._kept = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def _iterate(
        self, finishers: list[Finisher], iterations: int, after: Callable[[Finisher, int], None] = lambda f, done: None
    ) -> None:
        for done in range(0, iterations, CHUNK):
            count, mean = min(CHUNK, iterations - done), 0.0
            for finisher in finishers:
                rows = finisher.block.rows
                mean += finisher.take(count) * len(rows) / len(self.systems)
                self.codes.data[rows] = finisher.codes.data
                after(finisher, done + count)
            self.guard.undone = sum(finisher.diverged for finisher in finishers)
            self._report(count, torch.as_tensor(mean), True)

    def _window_loss(self) -> Tensor:
        config, model = self.config, self.model
        windows = self._jittered(
            self.systems.random_windows(config.length, model.fewer(config.windows), self.generator)
        )
        owner, field = model.training_field(self.routes, self.codes)
        windows = windows.rows(owner)
        error = model.residuals(field, windows, self.unit[owner]).square().mean()
        return error + model.penalty(field, windows, self.codes, self.generator)

    def _finisher(self, block: Block, windows: Windows) -> Finisher:
        unit, model, experts = self.unit[block.rows], self.model, self.routes[block.rows].unique()

        def loss(field: VectorField, codes: Tensor) -> Tensor:
            generator = torch.Generator().manual_seed(int(model.seed))
            error = model.residuals(field, windows, unit, model.steps_of(experts)).square().mean()
            return error + model.penalty(field, windows, codes, generator)

        return Finisher(block, self.codes[block.rows], loss)

    def _matcher(self, block: Block, slopes: Slopes) -> Finisher:
        weight = self.config.context_penalty
        return Finisher(
            block,
            self.codes[block.rows],
            lambda field, codes: slopes.error(field) + (weight * codes.square().mean() if codes.numel() else 0.0),
        )

    def _fixed_windows(self, length: int) -> Windows:
        every = self.systems.windows(length)
        few = self.model.fewer(self.config.finish_windows)
        if length > 1:
            return every.spaced(few)
        if every.states.shape[1] <= few:
            return every
        return self.systems.random_windows(length, few, self.generator)

    def _jittered(self, windows: Windows) -> Windows:
        size = self.config.jitter
        return windows.jittered(size * self.unit, self.generator) if size else windows

    def _report(self, steps: int, loss: Tensor, log: bool) -> None:
        self._done += steps
        if log or self._done == self._total:
            self.model.remember(self.systems, self.codes.detach(), self.routes)  # who watches may want to act
            self._progress(
                self._done, self._total, loss=float(loss.detach()), **self.guard.counts(), **self.model.counts()
            )


def one_cycle(share: float) -> float:
    """Return the learning rate of a share of training: up linearly over a tenth, then half a cosine to a hundredth."""
    return share / 0.1 if share < 0.1 else 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (share - 0.1) / 0.9))
