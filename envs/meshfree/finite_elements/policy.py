"""Finite elements as a policy: the opponent of every mesh-free method."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Observation, Progress, Signature
from simplatform.envs.meshfree.finite_elements.answers import solve_at
from simplatform.envs.meshfree.finite_elements.solver import FiniteElements
from simplatform.envs.meshfree.pde import of_facts
from simplatform.recipes.config import Config

if TYPE_CHECKING:
    from simplatform.demonstrations import Demonstrations

CELLS = {(1, False): 200, (2, False): 32, (3, False): 8, (1, True): 200, (2, True): 16, (3, True): 6}
"""Cells in every direction, by the dimension of space and whether there is time: seconds of work."""


class FiniteElementsConfig(Config):
    """How fine."""

    cells: int = Field(0, ge=0, le=4096, description="cells in the longest direction; 0 = by the dimension")
    times: int = Field(200, ge=1, le=100_000, description="steps of BDF2, where there is time")
    degree: int = Field(2, ge=1, le=2, description="of the elements")


class FiniteElementsPolicy:
    """Solves each problem as it comes; nothing is fitted."""

    observe = execute = 1

    def __init__(self, config: FiniteElementsConfig, signature: Signature) -> None:
        """Derive the weak form of the problem that the environment declares.

        Raises:
            ContractError: it shows no points to be asked at.
            ConfigError: it declares no problem, or one that is none for finite elements.
        """
        signature.require("p2-fem", "points", "parameters")
        pde = of_facts(signature.facts)
        time = pde.time is not None
        self.config = config
        self._elements = FiniteElements(pde, config.cells or CELLS.get((pde.dim - time, time), 1), config.degree)

    def reset(self, observation: Observation) -> None:
        """Nothing to prepare."""

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Nothing to fit."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the solution ``(B, 1, Q, m)`` at the points."""
        points, parameters = (observation[name][:, -1].cpu().double().numpy() for name in ("points", "parameters"))
        found = [solve_at(self._elements, x, p, self.config.times) for x, p in zip(points, parameters, strict=True)]
        return torch.from_numpy(np.stack(found))[:, None]
