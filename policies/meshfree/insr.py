"""INSR: time steps by optimisation, each from the weights of the last (Chen et al., 2023, arXiv:2210.00124)."""

from __future__ import annotations

import math
import time
from copy import deepcopy
from typing import Any

import torch
from pydantic import Field as Setting
from torch import Generator, Tensor, nn

from simplatform.contracts import Progress
from simplatform.errors import ContractError
from simplatform.policies.meshfree.base import MeshFree
from simplatform.policies.meshfree.collocation import Block, Solution
from simplatform.policies.meshfree.natural import NaturalGradient
from simplatform.policies.meshfree.problem import Problem
from simplatform.policies.meshfree.stepping import Field, Marching, space_box
from simplatform.policies.meshfree.training import Solved, TrainingConfig
from simplatform.policies.nn.taylor import Box, TaylorNetwork, Waves

FASTEST = 30.0
"""ω of SIREN, and of the paper's one-dimensional problems."""
SEEN = 0.25
"""ω for each point a side, on [−1, 1]: chosen on ``pde/heat``, where 3 and 10 converge, 3 better, and 30 does not."""


class INSRConfig(TrainingConfig):
    """Settings of INSR; ``adam`` and ``natural`` are steps for each time step."""

    inside: int = Setting(300, ge=8, description="points inside, of each step")
    outside: int = Setting(8, ge=1, description="points on each face")
    adam: int = Setting(0, ge=0, description="steps of Adam, in each time step")
    rate: float = Setting(1e-4, gt=0, description="of Adam")
    decay: float = Setting(1.0, gt=0, le=1, description="of rate, per step")
    natural: int = Setting(6, ge=0, description="steps of natural gradient (Gauss-Newton), in each time step")
    damping: float = Setting(1e-6, gt=0, description="of natural gradient, at first; a share of the mean squared slope")
    times: int = Setting(60, ge=1, le=100_000, description="time steps")
    begin: int = Setting(60, ge=1, description="steps of natural gradient that fit the start")
    width: int = Setting(20, ge=1, description="units of each sine layer")
    depth: int = Setting(3, ge=1, description="sine layers")
    omega: float = Setting(0.0, ge=0, description="frequency of the sines at first (SIREN); 0 = 30, or what points see")

    def frequency(self, dim: int) -> float:
        """Return ω in a space of that dimension: sines faster than what N^(1/d) points a side see fit noise."""
        return self.omega or min(FASTEST, SEEN * math.pow(self.inside, 1 / dim))


class INSR(MeshFree):
    """A sine network of space whose weights march in time."""

    config: INSRConfig
    solution: Marching

    def network(self, problem: Problem, box: Box) -> nn.Module:
        """Return an untrained sine network of space."""
        config, space = self.config, [i for i in range(problem.dim) if i != problem.time]
        periodic = tuple(sorted({space.index(one.axis) for one in problem.conditions if one.pair}))
        front = Waves(len(space), periodic)
        widths = [config.width] * config.depth
        return TaylorNetwork(box, front, widths, len(problem.unknowns), "sine", config.frequency(len(space)))

    def _untrained(self) -> Solution:
        if self.problem.time is None or self.problem.sought:
            raise ContractError("insr marches in time and seeks no parameters; take pig or pinn for this problem")
        return Marching(self.problem, self.network(self.problem, space_box(self.problem)), self.config.times)

    def _solve(self, parameters: Tensor, progress: Progress, sensors: Tensor | None = None, share: float = 1.0) -> None:
        config, solution, begun = self.config, self.solution, time.perf_counter()
        solution.parameters_known.copy_(parameters)
        generator, solved = Generator().manual_seed(int(self.draw)), Solved()
        field = Field(self.problem, solution.network, deepcopy(solution.network))
        field.parameters_at = parameters
        field.start, field.step = solution.first, 0.0
        worst = max(self._fit(field, self._starts(), config.begin, generator))
        solution.keep(0)
        field.step = solution.step
        size = self._size(field)
        left = 0.0
        for number in range(config.times):
            if 0 < config.seconds < time.perf_counter() - begun:
                break
            field.before.load_state_dict(field.network.state_dict())
            field.start = solution.first + number * solution.step
            losses = self._fit(field, self._blocks(), self._steps(field, number), generator)
            solution.keep(number + 1)
            left, worst = left + losses[0] ** 0.5, max([worst, *losses[1:]])
            loss, seconds = sum(losses), time.perf_counter() - begun
            solved.history.append((round(seconds, 3), float(number + 1), loss))
            progress(number + 1, config.times, loss=loss, seconds=seconds)
        for rest in range(len(solved.history) + 1, config.times + 1):
            solution.states[rest] = torch.nan
        solved.steps, solved.seconds = len(solved.history), time.perf_counter() - begun
        solved.inside, solved.outside = left / size, worst**0.5 / size
        self.solved = solved
        self.solved_for.copy_(parameters)

    def _steps(self, field: Field, number: int) -> int:
        """Return how many steps of natural gradient a time step has: a pressure begins in the first, from nothing."""
        return max(self.config.begin, self.config.natural) if number == 0 and field.timeless else self.config.natural

    def _fit(self, field: Field, blocks: list[Block], steps: int, generator: Generator) -> list[float]:
        """Fit a step; returns what is left of each block's loss, on new points."""
        method, config = NaturalGradient(field, self.config.damping), self.config
        with torch.enable_grad():
            if config.adam and field.step:
                optimiser = torch.optim.Adam(field.network.parameters(), lr=config.rate)
                for _ in range(config.adam):
                    optimiser.zero_grad(set_to_none=True)
                    torch.stack(self._losses(field, blocks, self._points(field, blocks, generator))).sum().backward()
                    optimiser.step()
            for _ in range(steps):
                method.step(blocks, self._points(field, blocks, generator))
        with torch.no_grad():
            return [float(one) for one in self._losses(field, blocks, self._points(field, blocks, generator))]

    def _losses(self, field: Field, blocks: list[Block], points: list[Tensor]) -> list[Tensor]:
        return [block.residuals(field, at).square().mean() for block, at in zip(blocks, points, strict=True)]

    def _starts(self) -> list[Block]:
        return [Block(one.name, one.residual, 1.0) for one in self.problem.conditions if one.axis == self.problem.time]

    def _blocks(self) -> list[Block]:
        """Return the step's residual, weighed by Δt², and the conditions on sides."""
        problem, step = self.problem, self.solution.step
        sides = [one for one in problem.conditions if one.axis != problem.time and not self._given(one)]
        return [Block("inside", problem.residual, step**2),
                *(Block(one.name, one.residual, 1.0, one.axis, one.end, one.pair) for one in sides)]  # fmt: skip

    def _given(self, condition: Any) -> bool:
        """Return whether the network meets a condition by itself: it is periodic there."""
        return bool(condition.pair)

    def _points(self, field: Field, blocks: list[Block], generator: Generator) -> list[Tensor]:
        box, found = field.network.box, []
        for block in blocks:
            count = self.config.inside if block.axis < 0 else self.config.outside
            unit = torch.rand(count, len(box.low), generator=generator, dtype=torch.float64).to(box.low)
            places = box.low + (box.high - box.low) * unit
            if block.axis >= 0:
                place = field.space.index(block.axis)
                places[:, place] = (box.low, box.high)[block.end][place]
            found.append(places)
        return found

    def _size(self, field: Field) -> float:
        """Return the root mean square of the field at the start."""
        places = self._points(field, [Block("inside", self.problem.residual, 1.0)], Generator().manual_seed(0))[0]
        with torch.no_grad():
            return float(field(places).square().mean().sqrt().clamp_min(1e-12))
