"""A field of gates whose structure is found from data: which gates, of which degree, which terms, how they are solved.

The Hankel layer of ``stnn`` is a filter over delays, and with gates behind it an explicit multistep method: how far
back it looks decides at once how well it integrates and whether it is stable. Here the filter over time is where it
does no harm, in the regression (integral equations and test functions are Toeplitz operators on the samples); what is
kept is a sparse field of gates, and the step is an integrator's. Weights are then polished by multiple shooting.

Products are tried first; other gates (sines, absolute values, saturations, exponentials) where these do not follow
validation trajectories to their end. All choices are made by how long validation trajectories are predicted.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from simplatform.contracts import Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import DataError
from simplatform.policies.dynamics.libraries import Gates
from simplatform.policies.dynamics.prediction.polish import enough_substeps, polished
from simplatform.policies.dynamics.prediction.sindy import Candidate, SINDy, SINDyConfig, simplest
from simplatform.policies.dynamics.prediction.validation import HORIZON


class GatedFieldConfig(SINDyConfig):
    """Settings of the field of gates; the validation split chooses from what is listed."""

    thresholds: tuple[float, ...] = Field(
        (1e-4, 1e-3, 0.01, 0.05), min_length=1, description="terms below this share of the slope are dropped"
    )
    integral: tuple[int, ...] = Field((6, 10), description="samples of the integral form; even")
    weak: tuple[int, ...] = Field((12, 25), description="half-widths of the weak form's test functions, in samples")
    smoothing: tuple[int, ...] = Field((), description="samples of a filter before differentiation; none: not tried")
    gates: tuple[Gates, ...] = Field(
        ("none", "waves", "corners", "saturations", "exponentials"),
        min_length=1,
        description="functions beside the products",
    )
    horizons: tuple[int, ...] = Field((12, 40), description="samples of the pieces that weights are polished on")
    pieces: int = Field(80, ge=1, description="pieces, at most")
    iterations: int = Field(8, ge=1, description="Levenberg-Marquardt iterations per length, at most")


class GatedField(SINDy):
    """SINDy's field with a library that is searched, and weights that are polished on trajectories."""

    config: GatedFieldConfig

    def __init__(self, config: GatedFieldConfig, signature: Signature) -> None:
        super().__init__(config, signature)

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Search the libraries, polish the best field and those near it, and keep what predicts longest.

        Raises:
            DataError: no choice left a field.
        """
        paths = self._scaled(demonstrations)
        choices, tried = self._choices(), list[Candidate]()
        for number, choice in enumerate(choices):
            tried += self._contest(choice, *self._fields(paths, choice), validation)
            if not tried:
                continue
            chosen = simplest(tried)
            again = self._polished(chosen, paths, validation) if chosen.choice == choice else []
            tried += again
            self._keep(simplest(tried))
            best = max(one.score for one in tried)
            terms, fitted = float((self.weights != 0).sum()), float(self.fitted_start)
            progress(number + 1, len(choices) + 1, degree=float(self.choice.degree), terms=terms, fitted_start=fitted,
                     validation_valid_steps=max(best, 0.0))  # fmt: skip
            if best >= HORIZON - 1:
                break
        if not tried:
            raise DataError("every term was dropped; lower policy.thresholds")
        progress(len(choices) + 1, len(choices) + 1)

    def _polished(self, chosen: Candidate, paths: list[Tensor], validation: Demonstrations) -> list[Candidate]:
        """Return the field after each length of pieces, as candidates."""
        basis, field, found = self._library(chosen.choice), chosen.field, list[Tensor]()
        states = torch.cat([path[:: max(len(path) // 500, 1)] for path in paths])
        substeps = enough_substeps(basis, field, states, self.config.substeps)
        for horizon in self.config.horizons:
            if max(map(len, paths)) <= horizon + 1:
                continue
            field, misfit = polished(basis, field, paths, horizon, self.config.pieces, self.config.iterations, substeps)
            if misfit == float("inf"):
                break
            found.append(field)
        if not found:
            return []
        return self._contest(chosen.choice, found, ["polished"] * len(found), validation)
