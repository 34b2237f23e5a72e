"""NVAR: a polynomial of lagged states, by ridge regression ("next-generation reservoir", Gauthier et al., 2021).

Sees ``delays`` states, every ``lag``-th one, and predicts the increment by all their monomials up to an order. Delays,
lag, order and penalty are chosen by how long validation trajectories are predicted. Weights come from a singular value
decomposition: normal equations would lose half of the digits, which chaos then asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from simplatform.contracts import Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import CheckpointError, DataError
from simplatform.policies.dynamics.polynomials import BOUND, count, monomials
from simplatform.policies.dynamics.prediction.base import WindowPredictor, check_width, delay_pairs
from simplatform.policies.dynamics.prediction.local import Layout
from simplatform.policies.dynamics.prediction.ridge import ridge_path
from simplatform.policies.dynamics.prediction.validation import contest, origins
from simplatform.policies.nn.scaling import spread
from simplatform.policies.nn.structured import Counts
from simplatform.recipes.config import Config

Choice = tuple[int, int, int]
"""Delays, lag and order."""
CHUNK = 50
"""Steps that are predicted between two looks at whether any candidate is still valid."""


class NVARConfig(Config):
    """Settings of NVAR; the validation split chooses from what is listed."""

    delays: tuple[int, ...] = Field((1, 2, 3, 4), min_length=1, description="lagged states, the newest included")
    lags: tuple[int, ...] = Field((1, 2, 5, 10), min_length=1, description="every how many samples a state is taken")
    orders: tuple[int, ...] = Field((1, 2, 3, 4, 5), min_length=1, description="highest order of products")
    penalties: tuple[float, ...] = Field(
        (1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2), min_length=1, description="ridge penalties"
    )
    most_features: int = Field(500, ge=2, description="candidates with more products are not tried")
    most_rows: int = Field(20_000, ge=10, description="windows that weights are found on, at most")
    stencil: int = Field(4, ge=0, description="neighbours on each side that are seen, for fields on a grid")


class NVAR(WindowPredictor):
    """``chosen`` are delays, lag and order; ``weights (F, outputs)`` act on products of standardised states."""

    sized_by_data = ("weights",)

    mean: Tensor
    scale: Tensor
    weights: Tensor

    def __init__(self, config: NVARConfig, signature: Signature) -> None:
        super().__init__(signature, delays=1)
        wanted = max((q - 1) * lag + 1 for q, lag in product(config.delays, config.lags))
        self.config, self.delays = config, min(wanted, signature.observation["window"][0])
        outputs = self.fields or self.dim
        self.chosen: Choice = (1, 1, 1)
        for name, value in (("mean", 0.0), ("scale", 1.0)):
            self.register_buffer(name, torch.full((outputs,), value, dtype=torch.float64))
        self.register_buffer("weights", torch.zeros(2, outputs, dtype=torch.float64))

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Try every choice that the window and the data allow, and keep what predicts validation longest.

        Raises:
            DataError: no choice fits into the window and the data.
        """
        fewest = self._layout(min(self.config.delays))
        check_width("nvar", count(fewest.channels * min(self.config.delays), min(self.config.orders)), fewest.outputs)
        windows, following = delay_pairs(demonstrations, self.delays, self.device)
        windows, following = (values[:: -(-len(values) // self._rows())] for values in (windows, following))
        local = Layout(self.dim, self.fields).split(windows.flatten(0, 1))
        self.mean.copy_(local.mean(0))
        self.scale.copy_(spread(local))
        choices, best = self._choices(len(windows)), -1.0
        if not choices:
            raise DataError(
                f"no choice of policy.delays and policy.orders has fewer products than the {len(windows)} windows"
            )
        for number, choice in enumerate(choices):
            candidates = self._candidates(choice, windows, following)
            scores = self._scores(choice, candidates, validation)
            if float(scores.max()) > best:
                best, self.weights = float(scores.max()), candidates[int(scores.argmax())]
                self.chosen = choice
            q, lag, order = map(float, choice)
            progress(number + 1, len(choices), delays=q, lag=lag, order=order, validation_valid_steps=best)

    def predict(self, window: Tensor) -> Tensor:
        """Return the next states ``(B, d)``."""
        return self._next(self.chosen, window[None], self.weights[None])[0]

    def counts(self) -> Counts:
        """Count the weights; a step forms the products and multiplies."""
        size, outputs = self.weights.shape
        places = Layout(self.dim, self.fields).places
        return Counts(self.weights.numel(), places * (size + 2 * size * outputs))

    def get_extra_state_json(self) -> Mapping[str, Any]:
        """Return what was chosen."""
        return {"chosen": list(self.chosen)}

    def set_extra_state_json(self, state: Mapping[str, Any]) -> None:
        """Take back what was chosen.

        Raises:
            CheckpointError: numbers that do not fit the window and the weights.
        """
        chosen = state.get("chosen")
        if (
            not isinstance(chosen, list)
            or len(chosen) != 3
            or not all(isinstance(c, int) and 0 < c < 100 for c in chosen)
        ):
            raise CheckpointError(f"nvar: expected delays, lag and order, three small integers, got {chosen!r}")
        q, lag, order = chosen
        if (q - 1) * lag >= self.delays or count(self._layout(q).channels * q, order) != len(self.weights):
            raise CheckpointError(f"nvar: {len(self.weights)} products are not those of delays, lag and order {chosen}")
        self.chosen = (q, lag, order)

    def _rows(self) -> int:
        return max(self.config.most_rows // Layout(self.dim, self.fields).places, 1)

    def _layout(self, delays: int) -> Layout:
        return Layout(self.dim, self.fields, self.config.stencil if self.fields else 0, delays)

    def _choices(self, rows: int) -> list[Choice]:
        """Return (delays, lag, order) from simple to rich; one delay has no lag."""
        config, rows = self.config, rows * Layout(self.dim, self.fields).places
        found = []
        for order, q, lag in product(config.orders, config.delays, config.lags):
            size = count(self._layout(q).channels * q, order)
            small = size <= min(config.most_features, rows) or (order, q) == (min(config.orders), min(config.delays))
            if small and (q - 1) * lag < self.delays and not (q == 1 and lag > min(config.lags)):
                found.append((q, lag, order))
        return found

    def _features(self, choice: Choice, window: Tensor) -> Tensor:
        """Return the products of windows ``(B, span, d)`` at all places, ``(B · places, F)``."""
        q, lag, order = choice
        seen = window[:, window.shape[1] - 1 - (q - 1) * lag :: lag]
        layout = self._layout(q)
        outputs = self.mean.shape[0]
        seen = ((seen.unflatten(2, (outputs, -1)) - self.mean[:, None]) / self.scale[:, None]).flatten(2)
        flat = layout.spread(seen).flatten(1).clamp(-BOUND, BOUND)
        return monomials(flat.shape[1], order)(flat)

    def _next(self, choice: Choice, window: Tensor, weights: Tensor) -> Tensor:
        """Return the states ``(K, B, d)`` after windows ``(K, B, span, d)`` by K weights ``(K, F, outputs)``."""
        kinds, rows = window.shape[:2]
        features = self._features(choice, window.flatten(0, 1)).unflatten(0, (kinds, -1))
        step = (features @ weights * self.scale).flatten(0, 1)
        answer: Tensor = window[:, :, -1] + self._layout(choice[0]).join(step, kinds * rows).unflatten(0, (kinds, rows))
        return answer

    def _candidates(self, choice: Choice, windows: Tensor, following: Tensor) -> Tensor:
        features = self._features(choice, windows)
        steps = self._layout(choice[0]).split(following - windows[:, -1]) / self.scale
        return ridge_path(features, steps, self.config.penalties)

    def _scores(self, choice: Choice, candidates: Tensor, validation: Demonstrations) -> Tensor:
        """Return how long each candidate predicts validation trajectories; without any, the middle penalty wins."""
        if not len(validation):
            middle = torch.arange(len(candidates), device=candidates.device) - len(candidates) // 2
            return -middle.abs().double() / len(candidates)
        starts, truth = origins(validation, self.delays, self.device)

        def chunks() -> Iterator[Tensor]:
            window = starts.expand(len(candidates), *starts.shape)
            while True:
                states = []
                for _ in range(CHUNK):
                    states.append(self._next(choice, window, candidates))
                    window = torch.cat([window[:, :, 1:], states[-1][:, :, None]], 2)
                yield torch.stack(states, 2)

        return contest(chunks(), truth, self.unit(truth)).score
