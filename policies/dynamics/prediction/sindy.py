"""SINDy: sparse regression of derivatives on a library of polynomials (Brunton, Proctor & Kutz, 2016), by PySINDy.

The field that is found is integrated by RK4 between two samples. Where the library holds the true terms, as on Lorenz,
nothing has fewer parameters.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from simplatform.contracts import Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import DataError, MissingDependency
from simplatform.policies.dynamics.prediction.base import WINDOW, WindowPredictor
from simplatform.policies.dynamics.prediction.validation import validation_steps
from simplatform.policies.nn.scaling import spread
from simplatform.policies.nn.structured import Counts
from simplatform.recipes.config import Config
from simplatform.solvers import RK4

MOST = 1e50
"""States are held below, so that their fifth powers are finite numbers."""


class SINDyConfig(Config):
    """Settings of SINDy; the validation split chooses from what is listed."""

    degree: int = Field(2, ge=1, le=5, description="highest degree of the polynomials")
    thresholds: tuple[float, ...] = Field(
        (0.02, 0.1, 0.3),
        min_length=1,
        description="coefficients below are dropped; in units of spread and rate of change",
    )
    smoothing: tuple[int, ...] = Field(
        (0, 11, 25), min_length=1, description="samples of a Savitzky-Golay filter; 0 = none"
    )
    substeps: int = Field(2, ge=1, description="Runge-Kutta steps between two samples")


class SINDy(WindowPredictor):
    """Sees the newest state alone."""

    sized_by_data = ("powers", "coefficients")

    def __init__(self, config: SINDyConfig, signature: Signature) -> None:
        super().__init__(signature, delays=1)
        self.config, self.dt = config, signature.facts.dt or 1.0
        self.register_buffer("powers", torch.zeros(1, self.dim, dtype=torch.float64))
        self.register_buffer("coefficients", torch.zeros(1, self.dim, dtype=torch.float64))

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Regress with every threshold and filter, and keep what predicts validation trajectories longest.

        Raises:
            DataError: no choice of threshold and filter left a field.
        """
        paths = [np.concatenate([e.observations[WINDOW][0, -1:], e.actions]).astype(float) for e in demonstrations]
        options, best = list(product(self.config.thresholds, self.config.smoothing)), -1.0
        for number, (threshold, width) in enumerate(options):
            found = self._regress(paths, threshold, width)
            kept = (self.powers, self.coefficients)
            self.powers, self.coefficients = (part.to(self.device) for part in found)
            score = validation_steps(self, validation) if bool((found[1] != 0).any()) else -1.0
            if score > best:
                best = score
            else:
                self.powers, self.coefficients = kept
            progress(number + 1, len(options), threshold=threshold, filter=float(width), validation_valid_steps=score)
        if best < 0:
            raise DataError("SINDy dropped every term; lower policy.thresholds")

    def predict(self, window: Tensor) -> Tensor:
        """Return the next states ``(B, d)``."""
        times = torch.tensor([0.0, self.dt], dtype=torch.float64)
        return RK4(self.config.substeps).solve(self._field, window[:, -1], times).states[-1]

    def counts(self) -> Counts:
        """Count the terms that are left, and RK4 with them."""
        terms = int((self.coefficients != 0).sum())
        used = (self.coefficients != 0).any(1)
        products = float((self.powers[used].sum(1) - 1).clamp_min(0).sum())
        return Counts(terms, self.config.substeps * (4 * (products + 2 * terms) + 13 * self.dim))

    def _field(self, t: Tensor, x: Tensor) -> Tensor:
        x = x.clamp(-MOST, MOST)  # a field that runs away stays finite: the environment reports it as lost
        return torch.prod(x[:, None] ** self.powers, dim=2) @ self.coefficients

    def _regress(self, paths: list[np.ndarray], threshold: float, width: int) -> tuple[Tensor, Tensor]:
        library = _pysindy()
        if width:
            smooth = {"window_length": width, "polyorder": 3}
            derivative = library.SmoothedFiniteDifference(order=4, smoother_kws=smooth)
        else:
            derivative = library.FiniteDifference(order=4)
        terms = library.PolynomialLibrary(degree=self.config.degree)
        model = library.SINDy(library.STLSQ(threshold=threshold), terms, derivative)
        unit, time = _units(paths, self.dt)
        model.fit([path / unit for path in paths], t=self.dt / time)
        powers = np.array(terms.powers_, float)
        coefficients = np.array(model.coefficients(), float).T * unit / time / np.prod(unit**powers, axis=1)[:, None]
        return torch.as_tensor(powers), torch.as_tensor(coefficients)


def _units(paths: list[np.ndarray], dt: float) -> tuple[np.ndarray, float]:
    """Return the spread ``(d,)`` of each component, and the time in which states move by it (root mean square).

    States and time in these units have coefficients that compare with each other and with a threshold.
    """
    unit = spread(torch.as_tensor(np.concatenate(paths))).numpy()
    slopes = np.concatenate([np.diff(path, axis=0) for path in paths]) / unit / dt
    rate = float(np.sqrt(np.mean(slopes**2)))
    return unit, 1 / rate if rate > 0 else 1.0


def _pysindy() -> Any:
    try:
        import pysindy
    except ImportError as error:
        raise MissingDependency("sindy needs PySINDy: pip install 'simplatform[dynamics]'") from error
    return pysindy
