"""Derivative matching (Varah, 1982): a first fit of a vector field to slopes of splines, before anything is rolled out.

It costs one evaluation of the field per state, where a roll-out costs one for every stage of every step, and has
nothing that could blow up. Where samples are far apart its slopes are wrong, so that it is a start and no end. Noise
on the states keeps the field from answering with anything large to what the data hardly holds, such as short waves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Generator, Tensor

from simplatform.policies.dynamics.reconstruction.data import Systems
from simplatform.policies.dynamics.reconstruction.experts import VectorField
from simplatform.policies.nn.scaling import positive


@dataclass(frozen=True)
class Slopes:
    """``states (E, K, d)`` and their derivatives ``slopes (E, K, d)``, whose root mean square is ``unit (E,)``."""

    states: Tensor
    slopes: Tensor
    unit: Tensor

    def rows(self, index: Tensor) -> Slopes:
        """Return some environments."""
        return Slopes(self.states[index], self.slopes[index], self.unit[index])

    def error(self, field: VectorField) -> Tensor:
        """Return the mean squared error of a field's derivatives in units of each environment's own, 0-d."""
        return ((field(self.states) - self.slopes) / self.unit[:, None, None]).square().mean()


def slopes_of(systems: Systems, most: int, noise: float, generator: Generator) -> Slopes:
    """Return derivatives of cubic splines at up to ``most`` inner samples of each environment, evenly spaced.

    ``noise`` is the standard deviation of what is added to the states, in units of each environment's spread.
    """
    paths, times = systems.states.cpu().numpy(), systems.times.cpu().numpy()
    found = [CubicSpline(grid, path, axis=1)(grid, 1) for path, grid in zip(paths, times, strict=True)]
    slopes = torch.as_tensor(np.stack(found)).to(systems.states)[:, :, 1:-1].flatten(1, 2)
    states = systems.states[:, :, 1:-1].flatten(1, 2)
    index = torch.linspace(0, states.shape[1] - 1, min(most, states.shape[1])).round().long()
    states, slopes = states[:, index], slopes[:, index]
    random = torch.randn(states.shape, generator=generator, dtype=states.dtype).to(states.device)
    unit = positive(slopes.square().mean((1, 2)).sqrt(), slopes.abs().amax((1, 2)))
    return Slopes(states + noise * systems.spread()[:, None, None] * random, slopes, unit)
