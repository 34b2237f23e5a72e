"""PIG: a solution made of Gaussians that move (Kang et al., 2025, arXiv:2412.05994)."""

from __future__ import annotations

import math

from pydantic import Field
from torch import nn

from simplatform.policies.meshfree.base import MeshFree
from simplatform.policies.meshfree.gaussians import Gaussians
from simplatform.policies.meshfree.problem import Problem
from simplatform.policies.meshfree.training import TrainingConfig
from simplatform.policies.nn.taylor import Box, TaylorNetwork

LARGEST = 0.9
"""Share of the first width that the least one may have, so that all can still shrink."""


class PIGConfig(TrainingConfig):
    """Settings of PIG."""

    natural: int = Field(100, ge=0, description="steps of natural gradient (Gauss-Newton), on new points each")
    features: int = Field(4, ge=1, description="features, each with Gaussians of its own")
    gaussians: int = Field(50, ge=1, description="Gaussians of each feature")
    sigma: float = Field(0.1, gt=0, description="their widths at first, the box being [-1, 1] in each direction")
    least: float = Field(0.5, ge=0, description="least width, by the distance of points inside; at most 0.9 sigma")
    rotated: bool = Field(False, description="each Gaussian may turn (two dimensions)")
    hidden: int = Field(16, ge=1, description="width of the tanh layer behind the features")

    def least_width(self, dim: int) -> float:
        """Return ε: what is narrower than the distance of points, 2/N^(1/d) on [−1, 1]^d, falls between them."""
        return min(self.least * 2 / math.pow(self.inside, 1 / dim), LARGEST * self.sigma)


class PIG(MeshFree):
    """Features of Gaussians, then a tanh layer."""

    config: PIGConfig

    def network(self, problem: Problem, box: Box) -> nn.Module:
        """Return the untrained Gaussians."""
        config = self.config
        dim = len(box.low)
        front = Gaussians(dim, config.features, config.gaussians, config.sigma, config.rotated, config.least_width(dim))
        return TaylorNetwork(box, front, [config.hidden], len(problem.unknowns))
