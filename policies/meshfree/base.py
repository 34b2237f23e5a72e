"""What solvers of one problem share: when they solve, what they keep, and how they answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import torch
from torch import Generator, Tensor, nn

from simplatform.contracts import Observation, Progress, Signature
from simplatform.policies.meshfree.collocation import Collocation, Solution
from simplatform.policies.meshfree.problem import Problem, find_problem
from simplatform.policies.meshfree.training import Solved, Training, TrainingConfig
from simplatform.policies.nn.taylor import Box

if TYPE_CHECKING:
    from simplatform.demonstrations import Demonstrations

MEMBER = 0.25
"""Share of the steps that a member of an ensemble takes, from the first one's solution."""


class MeshFree(nn.Module):
    """Solves the problem that its environment declares, from its equations alone.

    A problem whose parameters are all given is solved in ``fit``, and the checkpoint is its solution: a function of
    points, ``policy(points)``. Where parameters are drawn, each episode's problem is solved as it comes, in ``reset``.
    """

    observe = execute = 1
    solved_for: Tensor
    draw: Tensor
    told: Tensor
    """Parameters that were sought ``(K, 3)``: each one's value, and its interval."""

    def __init__(self, config: TrainingConfig, signature: Signature) -> None:
        """Find the problem, and build an untrained solution.

        Raises:
            ContractError, ConfigError: see ``find_problem``.
        """
        super().__init__()
        self.config, self.problem = config, find_problem(type(self).__name__, signature)
        self.register_buffer("draw", torch.randint(2**31, ()))
        self.solution = self._untrained()
        self.register_buffer("solved_for", torch.full((len(self.problem.parameters),), torch.nan, dtype=torch.float64))
        self.solved: Solved | None = None
        self.register_buffer("told", torch.zeros(len(self.problem.sought), 3, dtype=torch.float64))

    def network(self, problem: Problem, box: Box) -> nn.Module:
        """Return an untrained representation of the solution on a box of network inputs."""
        raise NotImplementedError

    @property
    def given(self) -> bool:
        """Whether all parameters are."""
        return all(low == high for low, high in self.problem.ranges.values())

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Solve the problem, if all of it is given; demonstrations are not looked at."""
        if self.given and not self.problem.sought:
            self._solve(self.solution.parameters_known.clone(), progress)

    def reset(self, observation: Observation) -> None:
        """Solve the problem that is shown, unless it is the one that was solved."""
        parameters = observation["parameters"][0, -1].to(self.solved_for)
        if self.problem.sought:
            self._infer(parameters, observation["sensors"][0, -1].to(self.solved_for))
        elif self.solved is None or not torch.equal(parameters, self.solved_for):
            self._afresh(0)
            self._solve(parameters, _unheard)
        else:
            return
        self.seconds_spent = -self.solved.seconds if self.solved else 0.0

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the solution ``(B, 1, Q, m)`` at the points."""
        points = observation["points"][:, -1].to(self.solved_for)
        with torch.no_grad():
            found: Tensor = torch.stack([self.answer(one) for one in points])[:, None]
        return found

    def answer(self, points: Tensor) -> Tensor:
        """Return what an episode is answered with at points ``(Q, d)``: ``(Q, m)``, and parameters that were sought."""
        told = self.told.reshape(1, -1).expand(len(points), -1)
        return torch.cat([self.forward(points), told], 1)

    def forward(self, points: Any) -> Tensor:
        """Return the solution ``(Q, m)`` at points ``(Q, d)`` in the problem's own units."""
        found: Tensor = self.solution(torch.as_tensor(points).to(self.solved_for))
        return found

    def at(self, points: Any) -> Any:
        """Return the solution ``(Q, m)`` as an array, at points ``(Q, d)``: what ``sp.load(run)(points)`` gives."""
        with torch.no_grad():
            return self.forward(points).cpu().numpy()

    seconds_spent = 0.0
    """Seconds of the last solve that an episode has counted already, as a negative number."""

    @property
    def seconds_before(self) -> float:
        """Seconds of the solve that answers rest on, where it was done before the episode."""
        return 0.0 if self.solved is None else max(self.solved.seconds + self.seconds_spent, 0.0)

    @property
    def doubts(self) -> tuple[str, ...]:
        """A line if the last solve did not converge."""
        return () if self.solved is None else self.solved.doubts(self.config.tolerance)

    def get_extra_state_json(self) -> Mapping[str, Any]:
        """Return how the solve went."""
        return {} if self.solved is None else dataclasses.asdict(self.solved)

    def set_extra_state_json(self, state: Mapping[str, Any]) -> None:
        """Take it back."""
        self.solved = Solved(**state) if state else None

    def _afresh(self, member: int) -> None:
        """Begin from an untrained solution, another for each member of an ensemble."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(self.draw) + member)
            self.solution = self._untrained().to(self.solved_for.device)

    def _infer(self, parameters: Tensor, sensors: Tensor) -> None:
        """Find the sought parameters from sensors, and their intervals by an ensemble.

        Members after the first go on from it, for a quarter of its steps, on what it says at the sensors with noise as
        large as what it left (a parametric bootstrap); the interval is Student's at 95 % around the first one's value.
        """
        dim, generator = self.problem.dim, Generator().manual_seed(int(self.draw))
        self._afresh(0)
        self._solve(parameters, _unheard, sensors)
        first, solved, found = self.solution, self.solved, [self.solution.found().detach()]
        with torch.no_grad():
            said = self.forward(sensors[:, :dim])
        noise = (sensors[:, dim:] - said).std(0)
        for _ in range(self.config.ensemble - 1):
            drawn = torch.randn(said.shape, generator=generator, dtype=torch.float64).to(said)
            self.solution = deepcopy(first)
            self._solve(parameters, _unheard, torch.cat([sensors[:, :dim], said + noise * drawn], 1), MEMBER)
            found.append(self.solution.found().detach())
            if solved is not None and self.solved is not None:
                solved.seconds += self.solved.seconds
        self.solution, self.solved, values = first, solved, torch.stack(found)
        reach = student(len(found) - 1) * values.std(0) if len(found) > 1 else 0 * values[0]
        self.told.copy_(torch.stack([values[0], values[0] - reach, values[0] + reach], 1))

    def _untrained(self) -> Solution:
        problem = self.problem
        return Solution(problem, self.network(problem, Box(problem.low, problem.high)))

    def _solve(self, parameters: Tensor, progress: Progress, sensors: Tensor | None = None, share: float = 1.0) -> None:
        config = self.config.shortened(share)
        generator = Generator().manual_seed(int(self.draw))
        self.solution.parameters_known.copy_(parameters)
        collocation = Collocation(self.problem, self.solution, config.inside, config.outside, config.weight)
        collocation.causal = config.causal
        if sensors is not None:
            collocation.sense(sensors, self.problem.dim)
        self.solved = Training(self.solution, collocation, config, generator, progress).run()
        self.solved_for.copy_(parameters)


def student(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's distribution."""
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))


def _unheard(step: int, total: int, **metrics: float) -> None:
    """Serve as a progress that nobody hears."""
