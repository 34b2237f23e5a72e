"""Environments made of recorded data: forecasts of a user's trajectories, predictions of a user's series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simplatform.envs.dynamics.equations.known import read_known
from simplatform.envs.dynamics.forecast import ForecastEnv
from simplatform.envs.dynamics.prediction import PredictionEnv
from simplatform.envs.dynamics.recorded import read_series, read_trajectories
from simplatform.envs.dynamics.systems.base import Array, System
from simplatform.errors import ConfigError, DataError

Part = Literal["train", "validation", "test"]
LEAST = 4
"""Steps that must follow a window in every part of a series."""
SHARES = {"train": (0.0, 0.7), "validation": (0.7, 0.85), "test": (0.85, 1.0)}


def environments(kwargs: Mapping[str, Any]) -> tuple[dict[str, int], ...]:
    """Return one variant per environment of the file that ``path`` names: what the task ``trajectories`` expands to."""
    return tuple({"environment": number} for number in range(len(read_trajectories(_path(kwargs.get("path"))).states)))


class RecordedForecastEnv(ForecastEnv):
    """Forecast recorded trajectories; see ``ForecastEnv``.

    Of each environment's N trajectories the last is for testing, the one before it for validation, the others for
    training; the others are also what is shown as support.
    """

    def __init__(
        self,
        path: str = "",
        environment: int = 0,
        part: Part = "test",
        support: int = 0,
        known: str = "",
        render_mode: str | None = None,
    ) -> None:
        """Open the file; ``support`` = 0 shows all that there is to show; ``known`` is a file of known terms."""
        recorded = read_trajectories(_path(path))
        self.environment = environment % len(recorded.states)
        self.family_index, self.ood, self.labels, self.render_mode = 0, False, False, render_mode
        self.times, paths = recorded.times[self.environment], recorded.states[self.environment]
        learn = paths[:-2]
        answer = {"train": learn[-1], "validation": paths[-2], "test": paths[-1]}[part]
        shown = learn[:-1] if part == "train" and len(learn) > 1 else learn
        self._paths = (shown[: support or len(shown)], answer)
        self.support, shape = len(self._paths[0]), answer.shape
        terms = read_known(known, int(np.prod(shape[1:]))) if known else None
        self.told = np.array(terms[1], float) if terms else None
        self.observation_space = self.space(self.support, shape, labels=False)
        self.action_space = self.box(shape)
        described: dict[str, Any] = {
            "family": "recorded",
            "dim": int(np.prod(shape[1:])),
            "episodes": 1,
            "judges_non_finite": True,
        }
        described["said"] = [*recorded.said, *(terms[0].said() if terms else [])]
        described |= {"known": terms[0].declared()} if terms else {}
        self.metadata = {**self.metadata, "simplatform": described}

    def draw(self) -> Array:
        """Return the recorded trajectories: those shown, then the one to be told."""
        shown, answer = self._paths
        return np.concatenate([shown, answer[None]])


class SeriesEnv(PredictionEnv):
    """Predict a recorded series; see ``PredictionEnv``.

    The first 70 % are for training, the next 15 % for validation, the rest for testing. Errors are in units of the
    training part's standard deviation, valid times in units of t.

    ``steps`` are at most half of a part, so that a short file has more than one test episode. There are as many
    episodes as starts that leave room for them: ``reset(options={"episode": k})`` begins one of them, the first few are
    spread over the part; without it the seed draws one.
    """

    def __init__(
        self, path: str = "", window: int = 8, steps: int = 0, part: Part = "test", render_mode: str | None = None
    ) -> None:
        """Open the file; ``steps`` = 0 takes the whole part.

        Raises:
            DataError: a part is too short for the window.
        """
        series = read_series(_path(path))
        self.dt, states = series.step, series.states
        self.part, self.names = _share(states, part), list(series.names)
        self.recorded, self.start, self.samples = True, series.start, len(states)
        _long_enough(path, len(states), window)
        room = len(self.part) - window
        self.window, self.noise, self.render_mode = window, 0.0, render_mode
        self.steps = min(steps, max(room // 2, LEAST)) if steps else room
        self.scale = _unit(_share(states, "train"))
        self.system, self.observed = _system(states.shape[1], self.dt), list(range(states.shape[1]))
        self._starts, self._episode = spread_out(room - self.steps + 1), None
        self.describe("recorded")
        self.metadata["simplatform"] |= {"episodes": len(self._starts), "said": list(series.said)}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Array], dict[str, Any]]:
        """Begin the episode that ``options`` names by its number, or a random one."""
        self._episode = (options or {}).get("episode")
        return super().reset(seed=seed, options=options)

    def draw(self) -> Array:
        """Return a stretch of the part."""
        count = len(self._starts)
        number = int(self.np_random.integers(count)) if self._episode is None else int(self._episode) % count
        start = int(self._starts[number])
        return self.part[start : start + self.window + self.steps]


def _long_enough(path: str, samples: int, window: int) -> None:
    """Check that every part of a series holds a window and something to predict, before anything is collected."""
    for part in SHARES:
        first, last = (round(share * samples) for share in SHARES[part])
        if last - first < window + LEAST:
            needed = next(n for n in range(samples, 100 * (window + LEAST)) if _shortest(n) >= window + LEAST)
            raise DataError(
                f"{path}: its part for {part} has {last - first} samples of {samples}, too few for env.window={window} "
                f"and {LEAST} steps after it; {needed} samples are needed, or a shorter window: --set env.window=…"
            )


def _shortest(samples: int) -> int:
    return min(round(last * samples) - round(first * samples) for first, last in SHARES.values())


def spread_out(count: int) -> NDArray[np.int64]:
    """Return 0 … count − 1 in an order whose first ones lie far apart: by reversed bits (van der Corput, 1935)."""
    bits = max(count - 1, 1).bit_length()
    found: NDArray[np.int64] = np.argsort(
        [int(f"{number:0{bits}b}"[::-1], 2) for number in range(count)], kind="stable"
    )
    return found


def _unit(states: Array) -> Array:
    """Return the standard deviation of each component; its own size where it does not vary, 1 where it is zero."""
    spread, size = states.std(axis=0), np.abs(states).max(axis=0)
    return np.where(spread > 1e-12 * size, spread, np.where(size > 0, size, 1.0))


def _share(states: Array, part: Part) -> Array:
    first, last = (round(share * len(states)) for share in SHARES[part])
    return states[first:last]


def _system(dim: int, dt: float) -> System:
    """Return what a recorded series is to figures and scores: a system without equations."""

    def rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
        raise DataError("a recorded series has no equations")

    bounds = (0.0,) * dim
    return System("recorded", dim, {}, rhs, bounds, bounds, 0.0, None, "a file", dt)


def _path(path: Any) -> str:
    if not path:
        raise ConfigError("say which file: --set env.path=data.npz (or .csv, or a Minari dataset)")
    return str(path)
