"""Forecasts of fields from a user's file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from simplatform.contracts import Expansion
from simplatform.envs.fields.environment import FieldForecast, Frames
from simplatform.envs.fields.files import FieldRecording, read_fields
from simplatform.errors import ConfigError, DataError

Part = Literal["train", "validation", "test"]
FEWEST = 3
"""Trajectories that a file must have: one to learn from, one to choose by, one to report on."""


def episodes(kwargs: Mapping[str, Any]) -> Expansion:
    """Return how many trajectories teach, validate and test: what the task ``fields/own`` expands to."""
    recording = _open(kwargs.get("path"))
    parts = [len(_numbers(recording.count, part)) for part in ("train", "validation", "test")]
    return Expansion(({},), *parts)


class RecordedFieldEnv(FieldForecast):
    """Forecast recorded trajectories; see ``FieldForecast``.

    The last 15 % of the trajectories (at least one) are for testing, as many before them for validation, the others for
    training. ``reset(options={"episode": k})`` begins one of them; without it the seed draws one.
    """

    def __init__(self, path: str = "", part: Part = "test", steps: int = 0, render_mode: str | None = None) -> None:
        """Open the file; ``steps`` = 0 takes all frames that trajectories have.

        Raises:
            ConfigError: no file is named.
            DataError: it cannot be read, or holds fewer than three trajectories.
        """
        self._recording = _open(path)
        self._numbers, self.render_mode = _numbers(self._recording.count, part), render_mode
        longest = self._recording.frames - 1
        self.steps = min(steps, longest) if steps > 0 else longest
        facts = {
            "lengths": list(self._recording.lengths or ()),
            "periodic": list(self._recording.periodic),
            "parameters": list(self._recording.names),
            "episodes": len(self._numbers),
            "given": list(self._recording.channels[: self._recording.given]),
        }
        self.given = self._recording.given
        self.describe(self._recording.channels, self._recording.points, self._recording.dt, facts)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Frames], dict[str, Any]]:
        """Begin the episode that ``options`` names by its number, or a random one."""
        super().reset(seed=seed)
        told = (options or {}).get("episode")
        number = int(self.np_random.integers(len(self._numbers))) if told is None else int(told) % len(self._numbers)
        chosen = int(self._numbers[number])
        truth = self._recording.trajectory(chosen)[: self.steps + 1].astype(float)
        return self.begin(truth, self._recording.parameters[chosen]), {}


def _open(path: Any) -> FieldRecording:
    if not path:
        raise ConfigError("say which file: --set env.path=fields.npz (or .h5: PDEBench, The Well)")
    file = Path(str(path))
    recording = _opened(str(file.resolve()), file.stat().st_mtime_ns if file.exists() else 0)
    if recording.count < FEWEST:
        raise DataError(
            f"{path} holds {recording.count} trajectories; {FEWEST} are the fewest: to learn from, to choose by and to "
            "report on"
        )
    return recording


@lru_cache(maxsize=4)
def _opened(path: str, changed: int) -> FieldRecording:
    return read_fields(path)


def _numbers(count: int, part: Part) -> np.ndarray[Any, np.dtype[np.int64]]:
    held = max(round(0.15 * count), 1)
    parts = {
        "train": (0, count - 2 * held),
        "validation": (count - 2 * held, count - held),
        "test": (count - held, count),
    }
    return np.arange(*parts[part])
