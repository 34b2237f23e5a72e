"""PIG: a solution made of Gaussians that move (Kang et al., 2025, arXiv:2412.05994)."""

from __future__ import annotations

from pydantic import Field
from torch import nn

from simplatform.policies.meshfree.base import MeshFree
from simplatform.policies.meshfree.gaussians import Gaussians
from simplatform.policies.meshfree.problem import Problem
from simplatform.policies.meshfree.training import TrainingConfig
from simplatform.policies.nn.taylor import Box, TaylorNetwork


class PIGConfig(TrainingConfig):
    """Settings of PIG."""

    natural: int = Field(100, ge=0, description="steps of natural gradient (Gauss-Newton), on new points each")
    features: int = Field(4, ge=1, description="features, each with Gaussians of its own")
    gaussians: int = Field(50, ge=1, description="Gaussians of each feature")
    sigma: float = Field(0.1, gt=0, description="their widths at first, the box being [-1, 1] in each direction")
    rotated: bool = Field(False, description="each Gaussian may turn (two dimensions)")
    hidden: int = Field(16, ge=1, description="width of the tanh layer behind the features")


class PIG(MeshFree):
    """Features of Gaussians, then a tanh layer."""

    config: PIGConfig

    def network(self, problem: Problem, box: Box) -> nn.Module:
        """Return the untrained Gaussians."""
        config = self.config
        front = Gaussians(len(box.low), config.features, config.gaussians, config.sigma, config.rotated)
        return TaylorNetwork(box, front, [config.hidden], len(problem.unknowns))
