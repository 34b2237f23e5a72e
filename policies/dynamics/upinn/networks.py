"""The two networks of a UPINN for many systems at once: trajectories û(t) and the hidden term F(û), each one vector.

All weights of a system stand in one vector, so that Gauss and Newton's steps can be taken for all systems together.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor


@dataclass(frozen=True)
class Networks:
    """S trajectories of d components, ``units`` tanh units for each; F has ``width`` tanh units.

    Time runs from -1 to 1, states are standardised; F is in units of the data's slopes.
    """

    paths: int
    dim: int
    units: int
    width: int

    @property
    def size(self) -> int:
        """Weights of one system."""
        return self.hidden_from + (2 * self.dim + 1) * self.width

    @property
    def hidden_from(self) -> int:
        """Where the weights of F begin."""
        return self.paths * (self.units * (2 + self.dim) + self.dim)

    def first(self, systems: int, generator: Generator) -> Tensor:
        """Return weights ``(R, P)``: kinks of û spread over time, F zero everywhere."""
        units, dim, width = self.units, self.dim, self.width
        draws = torch.rand(systems, self.paths, units, generator=generator, dtype=torch.float64)
        centres = torch.linspace(-1.1, 1.1, units, dtype=torch.float64) + (draws - 0.5) * 2 / units
        steep = torch.full_like(centres, units / 4)
        rest = torch.zeros(systems, self.paths, (units + 1) * dim, dtype=torch.float64)
        inner = torch.randn(systems, (dim + 1) * width, generator=generator, dtype=torch.float64)
        outer = torch.zeros(systems, width * dim, dtype=torch.float64)
        return torch.cat([torch.cat([steep, -steep * centres, rest], 2).flatten(1), inner, outer], 1)

    def states(self, weights: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """Return û and dû/dτ, ``(S, T, d)``, at times ``(S, T)`` of one system with ``weights (P,)``."""
        own = weights[: self.hidden_from].view(self.paths, -1)
        steep, shift, outer, middle = own.split([self.units, self.units, self.units * self.dim, self.dim], 1)
        bent = torch.tanh(times[..., None] * steep[:, None] + shift[:, None])
        outer = outer.view(self.paths, self.units, self.dim)
        return bent @ outer + middle[:, None], ((1 - bent.square()) * steep[:, None]) @ outer

    def hidden(self, weights: Tensor, states: Tensor) -> Tensor:
        """Return F, ``(..., d)``, of states ``(..., d)`` of one system."""
        own, width = weights[self.hidden_from :], self.width
        inner, shift, outer = own.split([self.dim * width, width, width * self.dim])
        bent = torch.tanh(states @ inner.view(self.dim, width) + shift)
        found: Tensor = bent @ outer.view(width, self.dim)
        return found
