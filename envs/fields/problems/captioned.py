"""Advection and diffusion as a caption tells of it: six captions, and the numbers behind each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from simplatform.envs.fields.problems.base import FieldProblem, Range

CAPTIONS: dict[str, tuple[Range, Range]] = {
    "heat that spreads slowly": ((0.0, 0.0), (0.02, 0.04)),
    "heat that spreads": ((0.0, 0.0), (0.07, 0.12)),
    "heat that spreads fast": ((0.0, 0.0), (0.22, 0.4)),
    "a wave that runs to the left": ((-1.2, -0.8), (0.005, 0.005)),
    "a wave that runs to the right": ((0.8, 1.2), (0.005, 0.005)),
    "a wave that runs to the right fast": ((1.8, 2.4), (0.005, 0.005)),
}
"""What is told → ranges of the velocity and of the diffusivity."""


@dataclass(frozen=True)
class CaptionedProblem(FieldProblem):
    """Advection and diffusion whose parameters are drawn from those of a caption, every caption as often."""

    def draw(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw fields ``(1, points)``, and velocity and diffusivity ``(2,)``."""
        velocity, diffusivity = list(CAPTIONS.values())[random.integers(len(CAPTIONS))]
        values = [random.uniform(*velocity), random.uniform(*diffusivity)]
        return self.start(random, self.grid.finer(self.finer)), torch.tensor(values, dtype=torch.float64)
