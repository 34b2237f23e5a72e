"""What a spectral equation is: channels, a diagonal linear part, the rest, and how spectra are taken."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from simplatform.envs.fields.grid import Grid
from simplatform.errors import ConfigError
from simplatform.solvers.etdrk4 import Nonlinear


@dataclass(frozen=True)
class Place:
    """Where numbers live: a device, and float32 or float64."""

    device: torch.device
    dtype: torch.dtype

    def __call__(self, constant: Tensor) -> Tensor:
        """Return a double constant, real or complex, here."""
        single = self.dtype == torch.float32
        if constant.is_complex():
            return constant.to(self.device, torch.complex64 if single else torch.complex128)
        return constant.to(self.device, self.dtype)


class Equation(ABC):
    """``du/dt = L u + N(u)`` on a periodic grid, for fields ``(B, C, *points)``.

    Parameters are numbers, or tensors ``(B,)`` where the rows of a batch differ in them.
    """

    channels: ClassVar[tuple[str, ...]]
    """Names of the fields."""
    defaults: ClassVar[Mapping[str, float]]
    """Parameters and their usual values."""
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    """Numbers of directions in which the equation is defined here."""

    def __init__(self, grid: Grid, **parameters: float | Tensor) -> None:
        """Set grid and parameters.

        Raises:
            ConfigError: a parameter that the equation does not have, or a grid of a dimension that it does not have.
        """
        unknown = sorted(set(parameters) - set(self.defaults))
        if unknown:
            raise ConfigError(
                f"{type(self).__name__} has no parameter {unknown[0]!r}; it has {', '.join(self.defaults)}"
            )
        if grid.dim not in self.dims:
            raise ConfigError(f"{type(self).__name__} is defined in {self.dims} directions, the grid has {grid.dim}")
        self.grid = grid
        self._parameters = {**self.defaults, **parameters}

    def parameter(self, name: str) -> Tensor:
        """Return a parameter in double, ``(B or 1, 1, 1, ...)``: it broadcasts against fields and spectra."""
        value = torch.as_tensor(self._parameters[name], dtype=torch.float64)
        return value.reshape(-1, 1, *(1,) * self.grid.dim)

    @abstractmethod
    def linear(self) -> Tensor:
        """Return the diagonal of L in double, real or complex, ``(B or 1, C or 1, *modes)``."""

    @abstractmethod
    def nonlinear(self, place: Place) -> Nonlinear:
        """Return the function from the spectrum of u ``(B, C, *modes)`` to that of N(u), its constants at ``place``.

        Aliased parts are removed.
        """

    def spectrum(self, u: Tensor) -> Tensor:
        """Return the spectrum ``(B, C, *modes)`` of fields ``(B, C, *points)``."""
        return self.grid.transform(u)

    def fields(self, v: Tensor) -> Tensor:
        """Return the fields of a spectrum."""
        return self.grid.inverse(v)

    def invariants(self, u: Tensor) -> dict[str, Tensor]:
        """Return integrals ``(B,)`` that the equation keeps; none by default."""
        return {}

    def mean(self, density: Tensor) -> Tensor:
        """Return the integral over the box of a density ``(B, *points)``: ``(B,)``."""
        return density.flatten(1).mean(1) * self.grid.volume
