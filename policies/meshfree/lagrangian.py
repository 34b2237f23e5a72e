"""Lagrangian networks (Mojgani et al., 2023, arXiv:2205.02902): characteristics and the solution along them.

Two networks of a label ξ and time: x = ξ + s (t − t₀) δ(ξ, t), with s the speed at the start, and u(ξ, t). What must
vanish is x_t − F and u_t|ξ + S − ν u_xx, where u_x = u_ξ/x_ξ. The map holds while x_ξ > 0: where characteristics cross,
there is a shock, and it is told.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from simplatform.policies.meshfree.collocation import Collocation, Solution
from simplatform.policies.meshfree.problem import Equation, Problem, Transport
from simplatform.policies.nn.jets import Index, jets

CROSSING = 0.05
"""Least slope x_ξ at which characteristics are taken to be apart."""
HALVINGS = 50
ORDERS: tuple[Index, ...] = ((), (0,), (1,), (0, 0))


class Lagrangian(Solution):
    """The displacement and the solution by label; asked at places, it finds the label that has come there."""

    def __init__(self, problem: Problem, transport: Transport, displacement: nn.Module, network: nn.Module) -> None:
        super().__init__(problem, network)
        self.displacement, self.transport, self.problem = displacement, transport, problem
        self.start = float(problem.low[1])
        self.register_buffer("speed", torch.ones((), dtype=torch.float64))

    speed: Tensor

    def forward(self, points: Tensor, equation: Equation | None = None) -> Tensor:
        """Return values at places ``(N, 2)``, or residuals at labels: of path and solution, or of the start."""
        if equation is None:
            return self._network(self.labels(points))
        if equation is not self.problem.residual:
            return super().forward(points, equation)
        return self.residuals(points)

    def residuals(self, points: Tensor) -> Tensor:
        """Return both residuals ``(N, 2)`` at labels and times ``(N, 2)``."""
        place, own = self.path(points), {k: v[:, 0] for k, v in jets(self.network, points, ORDERS).items()}
        slope = place[0,]
        across = own[0,] / slope
        curve = (own[0, 0] - across * place[0, 0]) / slope.square()
        where = torch.stack([place[()], points[:, 1]], 1)
        speed, diffusion, source = self.transport(where, {(0, ()): own[()]}, self.parameters_at(points)).unbind(-1)
        return torch.stack([(place[1,] - speed) / self.speed, own[1,] + source - diffusion * curve], 1)

    def path(self, points: Tensor) -> dict[Index, Tensor]:
        """Return the place of labels and its derivatives x, x_ξ, x_t, x_ξξ, each ``(N,)``."""
        found = {index: part[:, 0] for index, part in jets(self.displacement, points, ORDERS).items()}
        reach = self.speed * (points[:, 1] - self.start)
        return {
            (): points[:, 0] + reach * found[()], (0,): 1 + reach * found[0,], (0, 0): reach * found[0, 0],
            (1,): self.speed * found[()] + reach * found[1,],
        }  # fmt: skip

    def labels(self, points: Tensor) -> Tensor:
        """Return label and time ``(N, 2)`` of what has come to places ``(N, 2)``, by bisection."""
        with torch.no_grad():
            reach = self.speed * (points[:, 1] - self.start).abs() * self._farthest() + 1e-9
            low, high = points[:, 0] - reach, points[:, 0] + reach
            for _ in range(HALVINGS):
                middle = (low + high) / 2
                beyond = self.path(torch.stack([middle, points[:, 1]], 1))[()] > points[:, 0]
                low, high = torch.where(beyond, low, middle), torch.where(beyond, middle, high)
            return torch.stack([(low + high) / 2, points[:, 1]], 1)

    def crossing(self, count: int = 4096) -> float | None:
        """Return the first time at which characteristics cross, or None."""
        with torch.no_grad():
            points = self._spread(count)
            crossed = points[self.path(points)[0,] < CROSSING]
        return float(crossed[:, 1].min()) if len(crossed) else None

    def prepare(self) -> None:
        """Take the speed at the start as the unit of displacement."""
        with torch.no_grad():
            points = self._spread(512)
            points[:, 1] = self.start
            begin = next(one.residual for one in self.problem.conditions if one.axis == 1)
            zero = {jet: points[:, 0] * 0 for jet in begin.jets}
            first = -begin(points, zero, self.parameters_at(points))[:, 0]
            found = self.transport(points, {(0, ()): first}, self.parameters_at(points))[:, 0]
            self.speed.copy_(found.square().mean().sqrt().clamp_min(1e-6))

    def relative(self, collocation: Collocation) -> tuple[float, float]:
        """Return both residuals in units of their terms, and that of the start in units of the solution."""
        points = self._spread(2048)
        with torch.no_grad():
            found, own = self.residuals(points), self._network(points)
            rate = jets(self.network, points, [(1,), (0,)])
            size = (rate[1,].square().mean() + (rate[0,] * self.speed).square().mean()).sqrt().clamp_min(1e-12)
            inside = float(found[:, 0].square().mean().sqrt() + found[:, 1].square().mean().sqrt() / size)
        return inside, collocation.outer(self, float(own.square().mean()))

    def _network(self, points: Tensor) -> Tensor:
        found: Tensor = self.network(points)
        return found

    def _farthest(self) -> Tensor:
        """Return a bound of |δ|."""
        found: Tensor = 1.1 * self.displacement(self._spread(2048)).abs().max() + 1e-6
        return found

    def _spread(self, count: int) -> Tensor:
        box: Any = self.network.box
        unit = torch.quasirandom.SobolEngine(2, scramble=False).draw(count, dtype=torch.float64).to(box.low)
        spread: Tensor = box.low + (box.high - box.low) * unit
        return spread
