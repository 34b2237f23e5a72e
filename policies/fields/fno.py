"""One step by a Fourier neural operator, that of ``neuraloperator`` (Li et al., 2021, arXiv:2010.08895)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Signature
from simplatform.errors import MissingDependency
from simplatform.policies.fields.base import FieldConfig, FieldPolicy


class FNOConfig(FieldConfig):
    """Size of the operator."""

    modes: int = Field(16, ge=1, description="Fourier modes kept in every direction, at most half of the points")
    width: int = Field(24, ge=1, description="channels")
    layers: int = Field(4, ge=1, description="spectral layers")


class FNO(FieldPolicy):
    """Fields, and parameters as constant fields, → increment."""

    def __init__(self, config: FNOConfig, signature: Signature) -> None:
        """Build the operator.

        Raises:
            MissingDependency: ``neuraloperator`` is not installed.
        """
        super().__init__(config, signature)
        try:
            from neuralop.models import FNO as Operator
        except ImportError as error:
            raise MissingDependency(f"fno needs neuraloperator ({error}): pip install 'simplatform[fields]'") from error
        self.network = Operator(
            n_modes=tuple(min(config.modes, n // 2) for n in self.points),
            in_channels=config.history * self.channels + self.parameter_count,
            out_channels=self.channels,
            hidden_channels=config.width,
            n_layers=config.layers,
        )

    @property
    def nfe(self) -> float:
        """Evaluations of the network per frame."""
        return 1.0

    def step(self, fields: Tensor, parameters: Tensor, generator: Generator) -> Tensor:
        """Return the increment."""
        given = parameters.reshape(*parameters.shape, *(1,) * self.dim).expand(-1, -1, *fields.shape[3:])
        found: Tensor = self.network(torch.cat((fields.flatten(1, 2), given), 1))
        return found

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]  # torch has overloads
        """Return all tensors; the operator's own note of its settings, which is none, is left out."""
        found: Mapping[str, Any] = super().state_dict(*args, **kwargs)
        return {name: value for name, value in found.items() if isinstance(value, Tensor)}
