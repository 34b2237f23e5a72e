"""Context parroting: find the moment of the past that is nearest to now, and repeat what followed.

A nearest neighbour in delay space (Zhang & Gilpin, 2025, arXiv:2505.11349): no equation, no parameter; how many states
are compared is chosen by how long validation trajectories are predicted. What is repeated was really seen, so that it
never runs away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from pydantic import Field
from torch import Generator, Tensor

from simplatform.contracts import Observation, Progress, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import CheckpointError
from simplatform.policies.dynamics.prediction.base import WINDOW, WindowPredictor, delay_pairs
from simplatform.policies.dynamics.prediction.validation import contest, origins
from simplatform.policies.nn.scaling import spread
from simplatform.policies.nn.structured import Counts
from simplatform.recipes.config import Config

FEWEST = 10
"""States that must follow a moment, where the data have as many, for it to be repeated."""


class ParrotingConfig(Config):
    """Settings of context parroting; the validation split chooses from what is listed."""

    delays: tuple[int, ...] = Field((1, 2, 4, 8, 16, 32), min_length=1, description="states that are compared")


class Parroting(WindowPredictor):
    """``memory (T, d)`` holds the training trajectories, ``last (T,)`` where the one of each sample ends."""

    execute = 500
    sized_by_data = ("memory", "last")

    memory: Tensor
    last: Tensor
    scale: Tensor

    def __init__(self, config: ParrotingConfig, signature: Signature) -> None:
        super().__init__(signature, delays=1)
        self.config, shown = config, signature.observation[WINDOW][0]
        self.choices = [q for q in config.delays if q <= shown] or [shown]
        self.delays = max(self.choices)
        self.compared = self.choices[0]
        self.register_buffer("memory", torch.zeros(1, self.dim, dtype=torch.float64))
        self.register_buffer("last", torch.zeros(1, dtype=torch.int64))
        self.register_buffer("scale", torch.ones(self.dim, dtype=torch.float64))

    def fit(self, demonstrations: Demonstrations, *, validation: Demonstrations, progress: Progress) -> None:
        """Keep the trajectories, and choose how many states are compared."""
        paths = [self._path(demonstrations, number) for number in range(len(demonstrations))]
        self.memory = torch.cat(paths)
        sizes = torch.tensor([len(path) for path in paths])
        self.last = (sizes.cumsum(0) - 1).repeat_interleave(sizes).to(self.device)
        self.scale.copy_(spread(self.memory))
        best = -float("inf")
        for number, delays in enumerate(self.choices):
            score = self._score(delays, validation)
            if score > best:
                best = score
                self.compared = delays
            progress(number + 1, len(self.choices), delays=float(self.compared), validation_valid_steps=max(best, 0.0))

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next 500 states, ``(B, 500, d)``."""
        return self.rollout(observation[WINDOW][:, -1, -self.delays :].to(torch.float64), self.execute)

    def predict(self, window: Tensor) -> Tensor:
        """Return the next state ``(B, d)``."""
        return self.rollout(window, 1)[:, 0]

    def rollout(self, window: Tensor, steps: int) -> Tensor:
        """Repeat ``(B, steps, d)`` after windows ``(B, q, d)``; where a trajectory ends, look again."""
        return self._repeated(window, steps, self.compared)

    def counts(self) -> Counts:
        """Count no parameter; 500 states share one search of the memory."""
        return Counts(0, 3 * self.compared * self.memory.numel() / self.execute)

    def get_extra_state_json(self) -> Mapping[str, Any]:
        """Return how many states are compared."""
        return {"compared": self.compared}

    def set_extra_state_json(self, state: Mapping[str, Any]) -> None:
        """Take that back.

        Raises:
            CheckpointError: more than the window holds, or trajectories that do not end where they say.
        """
        compared, size = state.get("compared"), len(self.memory)
        if not isinstance(compared, int) or not 1 <= compared <= min(self.delays, size):
            raise CheckpointError(f"context-parroting: expected 1 to {self.delays} states to compare, got {compared!r}")
        inside = (self.last >= torch.arange(len(self.last), device=self.device)) & (self.last < size)
        if len(self.last) != size or not bool(inside.all()):
            raise CheckpointError("context-parroting: trajectories do not end where `last` says")
        self.compared = compared

    def _repeated(self, window: Tensor, steps: int, delays: int) -> Tensor:
        place = self._nearest(window[:, -delays:])
        states: list[Tensor] = []
        for _ in range(steps):
            ended = place >= self.last[place]
            if bool(ended.any()) and states:
                recent = torch.cat([window, torch.stack(states[-delays:], 1)], 1)[:, -delays:]
                place = torch.where(ended, self._nearest(recent), place)
            place = (place + 1).clamp_max(len(self.memory) - 1)
            states.append(self.memory[place])
        return torch.stack(states, 1)

    def _nearest(self, windows: Tensor) -> Tensor:
        """Return where the moments that are nearest to windows ``(B, q, d)`` end in the memory, ``(B,)``."""
        delays = windows.shape[1]
        moments = torch.arange(delays - 1, len(self.memory), device=self.device)
        whole = self.last[moments - delays + 1] == self.last[moments]
        room = self.last[moments] - moments
        able = whole & (room >= min(FEWEST, int(room[whole].max()) if bool(whole.any()) else 0))
        moments = moments[able] if bool(able.any()) else moments
        seen = (self.memory / self.scale).unfold(0, delays, 1)[moments - delays + 1].transpose(1, 2).flatten(1)
        return moments[torch.cdist((windows / self.scale).flatten(1), seen).argmin(1)]

    def _score(self, delays: int, validation: Demonstrations) -> float:
        if not len(validation):
            return -float(delays)
        starts, truth = origins(validation, self.delays, self.device)

        def chunks() -> Iterator[Tensor]:
            yield self._repeated(starts, truth.shape[1], delays)[None]

        return float(contest(chunks(), truth, self.unit(truth)).score[0])

    def _path(self, demonstrations: Demonstrations, number: int) -> Tensor:
        windows, following = delay_pairs(Demonstrations([demonstrations[number]]), self.delays, self.device)
        return torch.cat([windows[0], following])
