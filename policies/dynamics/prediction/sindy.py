"""SINDy: sparse regression on a library of polynomials (Brunton, Proctor & Kutz, 2016), in its strongest form.

Integral, weak and differential forms, degrees and thresholds are tried, and what predicts validation trajectories
longest is kept. The field is integrated by steps of eighth order, from the newest sample or from a start that is fitted
to the whole window, again as validation says. Where the library holds the true terms, as on Lorenz, nothing has fewer
parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import CheckpointError, DataError
from simplatform.policies.dynamics.libraries import GATES, Gates, library
from simplatform.policies.dynamics.polynomials import Basis, count, flow
from simplatform.policies.dynamics.prediction.base import WINDOW, WindowPredictor, delay_pairs
from simplatform.policies.dynamics.prediction.regressions import Form, sparse
from simplatform.policies.dynamics.prediction.start import fitted_end
from simplatform.policies.dynamics.prediction.validation import HORIZON, Contest, contest, origins
from simplatform.policies.nn.scaling import spread
from simplatform.policies.nn.structured import Counts
from simplatform.recipes.config import Config

MOST_TERMS = 3000
"""Terms of a library that are tried at all."""
CHUNK = 50
"""Steps that are predicted between two looks at whether any candidate is still valid."""


class SINDyConfig(Config):
    """Settings of SINDy; the validation split chooses from what is listed."""

    degrees: tuple[int, ...] = Field((2, 3, 5), min_length=1, description="highest degrees of the polynomials")
    thresholds: tuple[float, ...] = Field(
        (1e-3, 0.01, 0.05, 0.1), min_length=1, description="terms below this share of the slope are dropped"
    )
    integral: tuple[int, ...] = Field((4, 10), description="samples of the integral form; even")
    weak: tuple[int, ...] = Field((12, 25, 50), description="half-widths of the weak form's test functions, in samples")
    smoothing: tuple[int, ...] = Field(
        (0, 11, 25), description="samples of a Savitzky-Golay filter before differentiation; 0 = none"
    )
    most_terms: int = Field(500, ge=2, description="degrees with more terms are not tried, the lowest excepted")
    substeps: int = Field(1, ge=1, description="steps of order eight between two samples")
    gates: tuple[Gates, ...] = Field(
        ("none",), min_length=1, description="functions beside the products: " + ", ".join(GATES)
    )

    def forms(self) -> list[Form]:
        """Return the forms that are tried."""
        kinds = (("integral", self.integral), ("weak", self.weak), ("differential", self.smoothing))
        return [Form(kind, size) for kind, sizes in kinds for size in sizes]


class Choice(NamedTuple):
    """A library: products up to a degree, and gates beside them."""

    degree: int
    gates: Gates = "none"


class Candidate(NamedTuple):
    """A field of a library and form that was tried, from a fitted start or not: its valid steps and their error."""

    score: float
    error: float
    choice: Choice
    field: Tensor
    kind: str
    fitted: bool

    @property
    def terms(self) -> int:
        """Terms that are not zero."""
        return int((self.field != 0).sum())


def simplest(tried: Sequence[Candidate]) -> Candidate:
    """Return the one with the fewest terms among those within one standard error of the best (Breiman et al., 1984)."""
    best = max(tried, key=lambda one: one.score)
    near = [one for one in tried if one.score >= best.score - best.error and one.fitted == best.fitted]
    return min(near, key=lambda one: (one.terms, -one.score))


class SINDy(WindowPredictor):
    """``weights (F, d)`` act on monomials of states in units of their spread, per sample."""

    sized_by_data = ("weights",)
    execute = 500

    scale: Tensor
    weights: Tensor

    def __init__(self, config: SINDyConfig, signature: Signature) -> None:
        super().__init__(signature, delays=1)
        self.config, self.delays = config, signature.observation[WINDOW][0]
        self.register_buffer("scale", torch.ones(self.dim, dtype=torch.float64))
        self.register_buffer("weights", torch.zeros(1, self.dim, dtype=torch.float64))
        self.choice, self.fitted_start = Choice(0), False

    @property
    def basis(self) -> Basis:
        """The library that the weights act on."""
        return self._library(self.choice)

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Regress with every form, library and threshold, and keep what predicts validation trajectories longest.

        Raises:
            DataError: no choice left a field, or the smallest library has thousands of terms.
        """
        paths = self._scaled(demonstrations)
        choices, tried = self._choices(), list[Candidate]()
        for number, choice in enumerate(choices):
            tried += self._contest(choice, *self._fields(paths, choice), validation)
            if tried:
                self._keep(simplest(tried))
            terms, fitted = float((self.weights != 0).sum()), float(self.fitted_start)
            score = max((one.score for one in tried), default=0.0)
            progress(number + 1, len(choices), degree=float(self.choice.degree), terms=terms, fitted_start=fitted,
                     validation_valid_steps=max(score, 0.0))  # fmt: skip
        if not tried:
            raise DataError("SINDy dropped every term; lower policy.thresholds")

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next 500 states, ``(B, 500, d)``."""
        return self.rollout(observation[WINDOW][:, -1, -self.delays :].to(torch.float64), self.execute)

    def predict(self, window: Tensor) -> Tensor:
        """Return the next states ``(B, d)``."""
        return self.rollout(window, 1)[:, 0]

    def rollout(self, window: Tensor, steps: int) -> Tensor:
        """Predict ``(B, steps, d)`` from windows ``(B, q, d)``."""
        weights, scaled = self.weights[None], window[None] / self.scale
        start = self._start(self.basis, weights, scaled, fitted=self.fitted_start)
        states = flow(self.basis, weights, start, self._times(steps), self.config.substeps)
        return states[1:, 0].transpose(0, 1) * self.scale

    def counts(self) -> Counts:
        """Count the terms that are left, and a step of order eight with them; a fitted start is shared by 500 steps."""
        kept = self.weights != 0
        evaluation = self.basis.operations(kept.any(1)) + 2 * float(kept.sum())
        return Counts(int(kept.sum()), self.config.substeps * (12 * evaluation + 150 * self.dim))

    def equations(self, variables: list[str], dt: float) -> list[str]:
        """Return the right-hand sides as text, in the data's own units."""
        names = self.basis.names(variables)
        scaled = self.weights * self.scale / self.basis.units(self.scale)[:, None] / dt
        return [" + ".join(f"{float(w):.6g}*{name}" for w, name in zip(column, names, strict=True) if w) or "0"
                for column in scaled.T]  # fmt: skip

    def _library(self, choice: Choice) -> Basis:
        return library(self.dim, choice.degree, choice.gates, self.scale)

    def _choices(self) -> list[Choice]:
        """Return the libraries that are tried: products of all degrees; gates beside those of the lowest."""
        degrees = self._degrees()
        plain = [Choice(degree) for degree in degrees if "none" in self.config.gates]
        return plain + [Choice(degrees[0], gates) for gates in self.config.gates if gates != "none"]

    def _degrees(self) -> list[int]:
        degrees = sorted(self.config.degrees)
        least = count(self.dim, degrees[0])
        if least > MOST_TERMS:
            raise DataError(
                f"SINDy's library of degree {degrees[0]} has {least} terms for {self.dim} components, more than "
                f"{MOST_TERMS}; lower policy.degrees or give it fewer components"
            )
        return degrees[:1] + [d for d in degrees[1:] if count(self.dim, d) <= self.config.most_terms]

    def _fields(self, paths: list[Tensor], choice: Choice) -> tuple[list[Tensor], list[str]]:
        """Return the fields ``(F, d)`` that regressions find and the kinds of their forms; empty ones are left out."""
        basis, fields, kinds = self._library(choice), list[Tensor](), list[str]()
        for form in self.config.forms():
            sides = [rows for rows in (form.rows(path, basis) for path in paths) if rows is not None]
            if not sides:
                continue
            left, right = (torch.cat(part) for part in zip(*sides, strict=True))
            if len(left) >= left.shape[1]:
                found = [field for field in sparse(left, right, self.config.thresholds) if bool((field != 0).any())]
                fields, kinds = fields + found, kinds + [form.kind] * len(found)
        return fields, kinds

    def _contest(
        self, choice: Choice, fields: list[Tensor], kinds: list[str], validation: Demonstrations
    ) -> list[Candidate]:
        """Try all fields from the newest sample, and the simplest good one of each form from a fitted start."""
        if not fields:
            return []
        tried = self._tried(choice, fields, kinds, validation, fitted=False)
        followed = max(one.score for one in tried) >= HORIZON - 1
        if self.delays < 2 or not len(validation) or followed:
            return tried
        best = [simplest([one for one in tried if one.kind == kind]) for kind in dict.fromkeys(kinds)]
        again = [one.field for one in best]
        return tried + self._tried(choice, again, [one.kind for one in best], validation, fitted=True)

    def _tried(
        self, choice: Choice, fields: list[Tensor], kinds: list[str], validation: Demonstrations, *, fitted: bool
    ) -> list[Candidate]:
        """Predict validation trajectories by fields ``(F, d)``; without any, all are as good."""
        found = Contest(torch.zeros(len(fields)), torch.zeros(len(fields)))
        if len(validation):
            found = self._predicted(self._library(choice), torch.stack(fields), validation, fitted=fitted)
        scores = zip(found.score.tolist(), found.error.tolist(), strict=True)
        return [Candidate(score, error, choice, field, kind, fitted)
                for (score, error), field, kind in zip(scores, fields, kinds, strict=True)]  # fmt: skip

    def _predicted(self, basis: Basis, fields: Tensor, validation: Demonstrations, *, fitted: bool) -> Contest:
        starts, truth = origins(validation, self.delays, self.device)
        scaled = (starts / self.scale).expand(len(fields), *starts.shape)

        def chunks() -> Iterator[Tensor]:
            state = self._start(basis, fields, scaled, fitted=fitted)
            while True:
                states = flow(basis, fields, state, self._times(CHUNK), self.config.substeps)
                state = states[-1]
                yield states[1:].permute(1, 2, 0, 3)

        return contest(chunks(), truth / self.scale, self.unit(truth) / self.scale)

    def _keep(self, chosen: Candidate) -> None:
        self.weights = chosen.field
        self.choice, self.fitted_start = chosen.choice, chosen.fitted

    def get_extra_state_json(self) -> Mapping[str, Any]:
        """Return what was chosen."""
        return {"degree": self.choice.degree, "gates": self.choice.gates, "fitted_start": self.fitted_start}

    def set_extra_state_json(self, state: Mapping[str, Any]) -> None:
        """Take back what was chosen.

        Raises:
            CheckpointError: a degree whose library is not as large as the weights.
        """
        degree, gates = state.get("degree"), state.get("gates", "none")
        refused = CheckpointError(
            f"sindy: a library of {len(self.weights)} terms is not of degree {degree!r} and gates {gates!r}"
        )
        if not isinstance(degree, int) or not 0 <= degree <= 20 or gates not in GATES:
            raise refused
        if len(self._library(Choice(degree, gates))) != len(self.weights):
            raise refused
        self.choice, self.fitted_start = Choice(degree, gates), bool(state.get("fitted_start"))

    def _start(self, basis: Basis, weights: Tensor, windows: Tensor, *, fitted: bool) -> Tensor:
        """Return where predictions of windows ``(K, B, q, d)`` start, ``(K, B, d)``."""
        if not fitted:
            return windows[:, :, -1]
        return fitted_end(basis, weights, windows, self.config.substeps)

    def _times(self, steps: int) -> Tensor:
        return torch.arange(steps + 1, dtype=torch.float64, device=self.device)

    def _scaled(self, demonstrations: Demonstrations) -> list[Tensor]:
        """Return the trajectories in units of their spread, which is kept."""
        paths = [self._path(episode) for episode in demonstrations]
        self.scale.copy_(spread(torch.cat(paths)))
        return [path / self.scale for path in paths]

    def _path(self, episode: Episode) -> Tensor:
        windows, following = delay_pairs(Demonstrations([episode]), self.delays, self.device)
        return torch.cat([windows[0], following])
