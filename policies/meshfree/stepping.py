"""A field that a network holds at one time, and the step to the next: what INSR solves at each time.

The step's residual is the equation's own by the implicit midpoint rule: u_t = (u − uⁿ)/Δt, and all else at (u + uⁿ)/2.
An unknown without a time derivative, as a pressure, has no past: what is found is its value at the middle of the step.
An equation of the others alone without a time derivative, as ∇·u = 0, is a constraint: it holds at the step's end, and
is not weighed by Δt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from simplatform.policies.meshfree.collocation import Collocation, Solution
from simplatform.policies.meshfree.problem import Equation, Jet, Problem
from simplatform.policies.nn.jets import Index, jets
from simplatform.policies.nn.taylor import Box


class Field(nn.Module):
    """A network of space, and its frozen copy of one step before; residuals are asked at places alone."""

    def __init__(self, problem: Problem, network: nn.Module, before: nn.Module) -> None:
        super().__init__()
        self.network: Any = network
        self.before: Any = before
        for one in before.parameters():
            one.requires_grad_(False)
        self.problem, self.start, self.step = problem, 0.0, 0.0
        self.parameters_at: Tensor = torch.zeros(0, dtype=torch.float64)
        self.timeless, self.constraints = timeless(problem), constraints(problem)

    def forward(self, places: Tensor, equation: Equation | None = None) -> Tensor:
        """Return values ``(N, m)``, or residuals ``(N, E)`` of an equation: of the step, or at its end (its start)."""
        if equation is None:
            found: Tensor = self.network(places)
            return found
        inside = equation is self.problem.residual
        wanted = {tuple(i for i in index if i != self._time) for _, index in equation.jets} | {()}
        now = self._jets(self.network, places, wanted)
        then = self._jets(self.before, places, wanted) if inside else now
        middle = inside or all(jet[0] in self.timeless for jet in equation.jets)
        residual = self._residual(equation, places, 0.5 if middle else 1.0, now, then)
        if not (inside and self.constraints):
            return residual
        held = self._residual(equation, places, 1.0, now, now) / self.step
        rows = [held[:, row] if row in self.constraints else residual[:, row] for row in range(residual.shape[1])]
        return torch.stack(rows, 1)

    def _residual(
        self,
        equation: Equation,
        places: Tensor,
        share: float,
        now: Mapping[Index, Tensor],
        then: Mapping[Index, Tensor],
    ) -> Tensor:
        at = {jet: self._of(jet, now, then) for jet in equation.jets}
        found: Tensor = equation(self._with_time(places, self.start + share * self.step), at, self.parameters_at)
        return found

    @property
    def _time(self) -> int:
        assert self.problem.time is not None
        return self.problem.time

    def _of(self, jet: Jet, now: Mapping[Index, Tensor], then: Mapping[Index, Tensor]) -> Tensor:
        unknown, index = jet
        if self._time in index:
            space = tuple(i for i in index if i != self._time)
            return (now[space][:, unknown] - then[space][:, unknown]) / self.step
        if unknown in self.timeless:
            return now[index][:, unknown]
        return (now[index][:, unknown] + then[index][:, unknown]) / 2

    def _jets(self, network: Any, places: Tensor, wanted: set[Index]) -> dict[Index, Tensor]:
        """Return derivatives by the problem's own numbers of coordinates."""
        number = {old: new for new, old in enumerate(self.space)}
        found = jets(network, places, {tuple(number[i] for i in index) for index in wanted})
        return {index: found[tuple(number[i] for i in index)] for index in wanted}

    @property
    def space(self) -> list[int]:
        """Numbers of the coordinates of space."""
        return [i for i in range(self.problem.dim) if i != self.problem.time]

    def _with_time(self, places: Tensor, t: float) -> Tensor:
        columns = list(places.unbind(1))
        columns.insert(self._time, places[:, 0] * 0 + t)
        return torch.stack(columns, 1)


class Marching(Solution):
    """The field at all times: one set of weights a step, values between by cubic interpolation in time."""

    states: Tensor

    def __init__(self, problem: Problem, network: Any, steps: int) -> None:
        super().__init__(problem, network)
        self.steps, self.problem = steps, problem
        assert problem.time is not None
        self.time = problem.time
        count = sum(one.numel() for one in network.parameters())
        self.register_buffer("states", torch.zeros(steps + 1, count, dtype=torch.float64))
        self.first, self.last = float(problem.low[self.time]), float(problem.high[self.time])

    @property
    def step(self) -> float:
        """Time between two states."""
        return (self.last - self.first) / self.steps

    def keep(self, number: int) -> None:
        """Keep the network's weights as the state of a time."""
        with torch.no_grad():
            self.states[number] = nn.utils.parameters_to_vector(self.network.parameters())

    def forward(self, points: Tensor, equation: Equation | None = None) -> Tensor:
        """Return values ``(N, m)`` at points of space and time."""
        found = self._between(points, 0, 0.0)
        late = timeless(self.problem)
        if late:
            found[:, late] = self._between(points, 1, 0.5)[:, late]
        return found

    def _between(self, points: Tensor, least: int, late: float) -> Tensor:
        """Interpolate states from number ``least`` on, each of which is ``late`` steps before its time."""
        places = torch.cat([points[:, : self.time], points[:, self.time + 1 :]], 1)
        count = min(4, self.steps + 1 - least)
        at = (points[:, self.time] - self.first) / self.step + late
        first = (at.floor().long() - count // 2 + 1).clamp(least, self.steps + 1 - count)
        found: Tensor = torch.zeros(len(points), self.outputs, dtype=points.dtype, device=points.device)
        with torch.no_grad():
            for one in range(least, self.steps + 1):
                place = one - first
                rows = ((place >= 0) & (place < count)).nonzero()[:, 0]
                if len(rows):
                    weight = _weights(at[rows] - first[rows], place[rows], count)
                    found[rows] += weight[:, None] * self.state(one)(places[rows])
        return found

    @property
    def outputs(self) -> int:
        """Number of unknowns."""
        return len(self.problem.unknowns)

    def state(self, number: int) -> Any:
        """Return the network with the weights of a time."""
        with torch.no_grad():
            nn.utils.vector_to_parameters(self.states[number], self.network.parameters())
        return self.network

    def relative(self, collocation: Collocation) -> tuple[float, float]:
        """Not asked: a step's own loss says how well it was solved."""
        raise NotImplementedError


def timeless(problem: Problem) -> list[int]:
    """Return the unknowns whose time derivative stands in no equation."""
    moving = {unknown for unknown, index in problem.residual.jets if problem.time in index}
    return [number for number in range(len(problem.unknowns)) if number not in moving]


def constraints(problem: Problem) -> list[int]:
    """Return the equations that hold neither a time derivative nor an unknown without one."""
    late = timeless(problem)
    return [row for row, jets_of in enumerate(problem.residual.rows)
            if not any(problem.time in index or unknown in late for unknown, index in jets_of)]  # fmt: skip


def space_box(problem: Problem) -> Box:
    """Return the box of space."""
    keep = [i for i in range(problem.dim) if i != problem.time]
    return Box([float(problem.low[i]) for i in keep], [float(problem.high[i]) for i in keep])


def _weights(at: Tensor, place: Tensor, count: int) -> Tensor:
    """Return Lagrange's weights of nodes ``place`` at positions ``at`` among nodes 0 … count − 1."""
    found = torch.ones_like(at)
    for other in range(count):
        factor = (at - other) / (place - other).where(place != other, torch.ones_like(place))
        found = found * torch.where(place == other, torch.ones_like(at), factor)
    return found
