"""The plain physics-informed network (Raissi et al., 2019), as users would try it first: a tanh network on the box.

With Fourier features (Tancik et al., 2020) and causal weights in time (Wang et al., 2022, arXiv:2203.07404) as
settings.
"""

from __future__ import annotations

from pydantic import Field
from torch import nn

from simplatform.policies.meshfree.base import MeshFree
from simplatform.policies.meshfree.problem import Problem
from simplatform.policies.meshfree.training import TrainingConfig
from simplatform.policies.nn.taylor import Box, TaylorNetwork, Waves


class PINNConfig(TrainingConfig):
    """Settings of a plain physics-informed network."""

    inside: int = Field(500, ge=8, description="points inside, of each step")
    outside: int = Field(100, ge=4, description="points on each face")
    adam: int = Field(1000, ge=0, description="steps of Adam, on new points each")
    rate: float = Field(3e-3, gt=0, description="of Adam")
    decay: float = Field(0.999, gt=0, le=1, description="of rate, per step")
    lbfgs: int = Field(1000, ge=0, description="steps of L-BFGS after it, in rounds of 50 on fixed points")
    width: int = Field(50, ge=1, description="units of each hidden layer")
    depth: int = Field(4, ge=1, description="hidden layers")
    fourier: int = Field(0, ge=0, description="random Fourier features beside the coordinates")
    frequency: float = Field(1.0, gt=0, description="their spread, in half waves across the box")


class PINN(MeshFree):
    """A fully connected tanh network of the coordinates."""

    config: PINNConfig

    def network(self, problem: Problem, box: Box) -> nn.Module:
        """Return the untrained network."""
        config = self.config
        periodic = tuple(sorted({one.axis for one in problem.conditions if one.pair})) if config.fourier else ()
        front = Waves(len(box.low), periodic, config.fourier, config.frequency)
        return TaylorNetwork(box, front, [config.width] * config.depth, len(problem.unknowns))
