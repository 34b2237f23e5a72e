"""Where a solution is held to its equations: points inside, on faces and at the start, drawn anew, and residuals there.

Each block's mean square is one part of the loss. Residuals inside are weighed so that the equation's own source, its
residual at zero, has size one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn

from simplatform.policies.meshfree.problem import Equation, Problem
from simplatform.policies.nn.jets import Closed, jets

SLICES = 16
"""Slices of time that causal weights are given to."""


class Solution(nn.Module):
    """A network of coordinates (and of parameters that it is to serve all values of), with the problem's parameters.

    Network inputs are the coordinates, then the parameters numbered ``free``. ``sought`` ones are trained.
    """

    parameters_known: Tensor

    def __init__(self, problem: Problem, network: nn.Module, free: Sequence[int] = ()) -> None:
        super().__init__()
        self.dim, self.free = problem.dim, list(free)
        self.network: Any = network
        names = list(problem.parameters)
        middle = {**problem.ranges, **problem.sought}
        known = torch.tensor([sum(middle[name]) / 2 for name in names], dtype=torch.float64)
        self.register_buffer("parameters_known", known)
        self._sought = [names.index(name) for name in problem.sought]
        bounds = torch.tensor(list(problem.sought.values()), dtype=torch.float64).reshape(-1, 2)
        self.register_buffer("bounds", bounds)
        self.guess = nn.Parameter(torch.zeros(len(bounds), dtype=torch.float64), requires_grad=bool(len(bounds)))
        """Sought parameters, as logits of their place between their bounds."""

    bounds: Tensor

    def forward(self, points: Tensor, equation: Equation | None = None) -> Tensor:
        """Return values ``(N, m)`` at network inputs, or the residuals ``(N, E)`` of an equation."""
        if equation is None:
            found: Tensor = self.network(points)
            return found
        assert isinstance(self.network, Closed) or callable(self.network)
        found_jets = jets(self.network, points, {index for _, index in equation.jets} | {()})
        at = {jet: found_jets[jet[1]][:, jet[0]] for jet in equation.jets}
        residual: Tensor = equation(points[:, : self.dim], at, self.parameters_at(points))
        return residual

    def found(self) -> Tensor:
        """Return the sought parameters."""
        return self.bounds[:, 0] + (self.bounds[:, 1] - self.bounds[:, 0]) * torch.sigmoid(4 * self.guess)

    def relative(self, collocation: Collocation) -> tuple[float, float]:
        """Return the residual inside in units of its terms, and that of the conditions in units of the solution.

        A term's size is how much the residual changes where one jet is left out; both are root mean squares.
        """
        equation, points = collocation.problem.residual, collocation.uniform(2048, Generator().manual_seed(1))
        with torch.no_grad():
            found = jets(self.network, points, {index for _, index in equation.jets} | {()})
            at = {jet: found[jet[1]][:, jet[0]].detach() for jet in equation.jets}
            given, where = self.parameters_at(points), points[:, : self.dim]
            whole = equation(where, at, given)
            terms = [whole - equation(where, {**at, jet: at[jet] * 0}, given) for jet in equation.jets]
            size = torch.stack(terms).square().sum(0).mean().clamp_min(1e-300)
            inside = float((whole.square().mean() / size).sqrt())
        return inside, collocation.outer(self, float(found[()].square().mean()))

    def parameters_at(self, points: Tensor) -> Tensor:
        """Return all parameters ``(P,)``, or ``(N, P)`` where some are inputs."""
        given = self.parameters_known
        if self._sought:
            given = given.index_copy(0, torch.tensor(self._sought, device=given.device), self.found())
        if not self.free:
            return given
        columns = {place: points[:, self.dim + number] for number, place in enumerate(self.free)}
        like = points[:, 0] * 0
        return torch.stack([columns.get(place, like + given[place]) for place in range(len(given))], 1)


@dataclass(frozen=True)
class Block:
    """One part of the loss: an equation, where it holds (a face, or inside), and its weight."""

    name: str
    equation: Equation
    weight: float
    axis: int = -1
    end: int = 0
    pair: bool = False
    data: Tensor | None = None
    """Places and values ``(S, d + m)`` that are to be met, for a block of sensors; ``axis`` is then d."""

    def residuals(self, solution: nn.Module, points: Tensor) -> Tensor:
        """Return weighted residuals ``(N, E)`` at ``points (N, d)``, or ``(N, 2, d)`` for a pair of faces."""
        if self.data is not None:
            found: Tensor = solution(points[:, : self.axis], None) - points[:, self.axis :]
        elif not self.pair:
            found = solution(points, self.equation)
        else:
            found = solution(points[:, 1], self.equation) - solution(points[:, 0], self.equation)
        weighted: Tensor = found * self.weight**0.5
        return weighted


class Collocation:
    """The blocks of a problem, and how their points are drawn."""

    def __init__(self, problem: Problem, solution: Solution, inside: int, outside: int, weight: float = 0.0) -> None:
        """Take ``inside`` points inside and ``outside`` on each face; ``weight`` 0 lets the source decide."""
        self.problem, self.inside, self.outside = problem, inside, outside
        self.causal = 0.0
        """ε of causal weights (Wang et al., 2022); 0 for none."""
        self.low, self.high = solution.network.box.low, solution.network.box.high
        self.weight = weight or self._own_weight(solution)
        self.blocks = [Block("inside", problem.residual, self.weight)]
        self.blocks += [Block(one.name, one.residual, 1.0, one.axis, one.end, one.pair) for one in problem.conditions]

    def draw(self, generator: Generator) -> list[Tensor]:
        """Return new points of every block."""
        return [self._points(block, generator) for block in self.blocks]

    def loss(self, solution: nn.Module, points: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return each block's mean square of weighted residuals; inside, causal in time if asked for."""
        found = {}
        for block, at in zip(self.blocks, points, strict=True):
            squares = block.residuals(solution, at).square()
            first = block.name == "inside" and self.causal > 0 and self.problem.time is not None
            found[block.name] = self._causal(squares.mean(1), at) if first else squares.mean()
        return found

    def _causal(self, squares: Tensor, points: Tensor) -> Tensor:
        """Return the mean over slices of time, each weighed by exp(−ε · what the earlier ones still lack)."""
        time = self.problem.time
        assert time is not None
        share = (points[:, time] - self.low[time]) / (self.high[time] - self.low[time])
        place = (share * SLICES).long().clamp(0, SLICES - 1)
        zero = squares.new_zeros(SLICES)
        count = zero.index_add(0, place, torch.ones_like(squares)).clamp_min(1.0)
        slices = zero.index_add(0, place, squares) / count
        earlier = torch.cumsum(slices.detach(), 0) - slices.detach()
        weighted: Tensor = (torch.exp(-self.causal * earlier) * slices).mean()
        return weighted

    def outer(self, solution: nn.Module, size: float) -> float:
        """Return the worst root mean square of a condition, in units of the solution, of mean square ``size``."""
        drawn = self.draw(Generator().manual_seed(2))
        with torch.no_grad():
            losses = [float(block.residuals(solution, at).square().mean()) / block.weight
                      for block, at in zip(self.blocks[1:], drawn[1:], strict=True) if block.data is None]  # fmt: skip
        return float((max(losses, default=0.0) / max(size, 1e-300)) ** 0.5)

    def uniform(self, count: int, generator: Generator) -> Tensor:
        """Return points spread over all of the box (Sobol's sequence, shifted at random), ``(count, d)``."""
        d = len(self.low)
        engine = torch.quasirandom.SobolEngine(d, scramble=False)
        shift = torch.rand(d, generator=generator, dtype=torch.float64)
        unit = (engine.draw(count, dtype=torch.float64) + shift) % 1.0
        spread: Tensor = self.low + (self.high - self.low) * unit.to(self.low)
        return spread

    def sense(self, sensors: Tensor, dim: int) -> None:
        """Hold the solution to what sensors ``(S, d + m)`` read as well."""
        size = float(sensors[:, dim:].square().mean().clamp_min(1e-300))
        self.blocks.append(Block("sensors", self.problem.residual, 1 / size, dim, data=sensors))

    def _points(self, block: Block, generator: Generator) -> Tensor:
        if block.data is not None:
            return block.data
        if block.axis < 0:
            return self.uniform(self.inside, generator)
        points = self.uniform(self.outside, generator)
        points[:, block.axis] = (self.low, self.high)[block.end][block.axis]
        if not block.pair:
            return points
        other = points.clone()
        other[:, block.axis] = (self.low, self.high)[1 - block.end][block.axis]
        return torch.stack([points, other], 1)

    def _own_weight(self, solution: Solution) -> float:
        """Return 1/max(1, mean square of the residual of zero)."""
        equation, points = self.problem.residual, self.uniform(512, Generator().manual_seed(0))
        zero = {jet: points[:, 0] * 0 for jet in equation.jets}
        with torch.no_grad():
            found = equation(points[:, : solution.dim], zero, solution.parameters_at(points))
        return float(1 / found.square().mean().clamp_min(1.0))
