"""LPINN: a network in Lagrangian coordinates, for problems that a plain one loses (arXiv:2205.02902)."""

from __future__ import annotations

from typing import cast

from pydantic import Field
from torch import Tensor, nn

from simplatform.contracts import Progress
from simplatform.errors import ContractError
from simplatform.policies.meshfree.base import MeshFree
from simplatform.policies.meshfree.collocation import Solution
from simplatform.policies.meshfree.lagrangian import Lagrangian
from simplatform.policies.meshfree.problem import Problem
from simplatform.policies.meshfree.training import TrainingConfig
from simplatform.policies.nn.taylor import Box, TaylorNetwork, Waves


class LPINNConfig(TrainingConfig):
    """Settings of a Lagrangian network."""

    inside: int = Field(400, ge=8, description="labels and times, of each step")
    outside: int = Field(100, ge=4, description="labels at the start")
    natural: int = Field(60, ge=0, description="steps of natural gradient (Gauss-Newton), on new points each")
    width: int = Field(20, ge=1, description="units of each hidden layer, in both networks")
    depth: int = Field(2, ge=1, description="hidden layers, in both networks")


class LPINN(MeshFree):
    """Two networks, one for where labels go and one for what they carry; one periodic direction of space, and time."""

    config: LPINNConfig
    solution: Lagrangian

    def network(self, problem: Problem, box: Box) -> nn.Module:
        """Return an untrained network of label and time."""
        widths = [self.config.width] * self.config.depth
        return TaylorNetwork(box, Waves(2, (0,)), widths, 1)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Lines if the last solve did not converge, or characteristics cross."""
        return (*super().doubts, *self._shock())

    def _shock(self) -> tuple[str, ...]:
        crossed = self.solution.crossing() if self.solved is not None else None
        if crossed is None:
            return ()
        return (f"SHOCK: characteristics cross from t = {crossed:.3g} on; the answer holds only before",)

    def _untrained(self) -> Solution:
        problem, transport = self.problem, self.problem.transport()
        periodic = [one for one in problem.conditions if one.pair]
        if transport is None or problem.dim != 2 or problem.time != 1 or not periodic:
            raise ContractError(
                "lpinn solves u_t + F(u) u_x = ν u_xx + S for one unknown on one periodic direction and time, x before "
                "t in [domain]; take pinn or pig for other problems"
            )
        box = Box(problem.low, problem.high)
        displacement = cast(TaylorNetwork, self.network(problem, box))
        _still(displacement)
        return Lagrangian(problem, transport, displacement, self.network(problem, box))

    def _solve(self, parameters: Tensor, progress: Progress, sensors: Tensor | None = None, share: float = 1.0) -> None:
        self.solution.parameters_known.copy_(parameters)
        self.solution.prepare()
        super()._solve(parameters, progress, sensors, share)


def _still(displacement: TaylorNetwork) -> None:
    """Let labels begin where they are: a displacement drawn at random, times a fast speed, would cross them at once,
    and 1/x_ξ has poles there that no training leaves.
    """
    last = cast(nn.Linear, displacement.layers[-1])
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
