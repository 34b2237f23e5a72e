"""Forecasting fields in closed loop: the policy sees the true first frame, and from then on what it said itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Self, cast

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Generator, Tensor

from simplatform.contracts import Observation
from simplatform.envs.fields import scores
from simplatform.envs.fields.problems import find_problem
from simplatform.errors import whole

Frames = NDArray[np.float32]
THRESHOLDS = {"correlation_time": 0.8, "correlation_time_95": 0.95}
"""A forecast is followed until its correlation with the truth first falls below these."""
HORIZONS = (1, 10, 100)
BATCH = 16
"""Truths that are solved at once: a long trajectory of a plane has tens of millions of numbers."""
LARGE = 2**22
"""Bytes of a truth that is not kept."""
KEPT = 64
"""Truths of episodes that are kept, the newest: opponents, methods and reports are judged on the same episodes."""
LOST = 100.0
"""Times the truth's size at which a forecast has diverged, and the episode ends."""


class FieldForecast(gymnasium.Env[dict[str, Any], Frames]):
    """Base: forecasts of fields against a truth that subclasses bring.

    Observation: ``field (C, *points)``, measured at the start and then the policy's own, and ``parameters (P,)``, those
    of the equation that vary from episode to episode. Action ``(C, *points)``: the next frame. Both are float32, in the
    units of the equation or the file.

    ``info`` holds ``correlation_time`` (the time until the correlation over space first falls below 0.8; the length of
    the episode where it never does), ``correlation_time_95``, ``nrmse`` (mean over the frames so far), ``vrmse_1``,
    ``vrmse_10`` and ``vrmse_100`` (at that frame; None until then), ``spectrum`` (mean distance of spectra, decades),
    ``drift`` (largest relative change of what the equation keeps; None where nothing is known) and ``diverged``.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def describe(self, channels: Sequence[str], points: Sequence[int], frame: float, facts: Mapping[str, Any]) -> None:
        """Set spaces and metadata; ``frame`` is the time between frames, ``facts["parameters"]`` names what varies."""
        self.frame = frame
        box = spaces.Box(-np.inf, np.inf, (len(channels), *points), np.float32)
        given = spaces.Box(-np.inf, np.inf, (len(facts["parameters"]),), np.float32)
        self.observation_space = spaces.Dict({"field": box, "parameters": given})
        self.action_space = box
        self.metadata = {
            **self.metadata,
            "simplatform": {"dt": frame, "channels": list(channels), "judges_non_finite": True, **facts},
        }

    def invariants(self, field: NDArray[np.float64]) -> dict[str, float]:
        """Return integrals that the truth keeps, of ``field (C, *points)``."""
        return {}

    def begin(self, truth: NDArray[np.float64], values: NDArray[np.float64]) -> dict[str, Frames]:
        """Start an episode whose truth ``(steps + 1, C, *points)`` is known; return the first observation."""
        self.truth, self.values = truth, values.astype(np.float32)
        self.time = 0
        self._kept = self.invariants(truth[0])
        self._scores: dict[str, float | None] = {
            **dict.fromkeys(THRESHOLDS, 0.0),
            **{f"vrmse_{horizon}": None for horizon in HORIZONS},
            "nrmse": None,
            "spectrum": None,
            "drift": 0.0 if self._kept else None,
            "diverged": 0.0,
        }
        self._following = dict.fromkeys(THRESHOLDS, True)
        self._drift = 0.0
        self._sums = np.zeros(2)
        return self._observation(truth[0])

    def step(self, action: Frames) -> tuple[dict[str, Frames], float, bool, bool, dict[str, Any]]:
        """Score a frame, and show it as the newest one."""
        self.time += 1
        found, truth = np.array(action, float), self.truth[self.time]
        found[: self.given] = truth[: self.given]
        error = scores.nrmse(found[self.given :], truth[self.given :]) if np.isfinite(found).all() else np.inf
        lost = not error < LOST
        if not lost:
            self._score(found[self.given :], truth[self.given :], error)
            self._drifted(found)
        self._scores["diverged"] = float(lost)
        info = dict(self._scores, error=min(error, LOST))
        ended = self.time >= len(self.truth) - 1
        whole = ended and len(self.truth) == 2  # a steady problem is solved then, and not cut short
        return self._observation(found), -min(error, LOST), lost or whole, ended and not lost and not whole, info

    def _score(self, found: NDArray[np.float64], truth: NDArray[np.float64], error: float) -> None:
        agreed = scores.correlation(found, truth)
        for name, threshold in THRESHOLDS.items():
            self._following[name] &= agreed >= threshold
            if self._following[name]:
                self._scores[name] = self.time * self.frame
        if self.time in HORIZONS:
            self._scores[f"vrmse_{self.time}"] = scores.vrmse(found, truth)
        self._sums += (error, scores.spectral_distance(scores.spectrum(found), scores.spectrum(truth)))
        self._scores["nrmse"], self._scores["spectrum"] = (self._sums / self.time).tolist()

    def _drifted(self, found: NDArray[np.float64]) -> None:
        for name, value in self.invariants(found).items():
            gap = abs(value - self._kept[name]) / max(abs(self._kept[name]), self._unit(name))
            self._drift = max(self._drift, gap)
            self._scores["drift"] = self._drift

    def _unit(self, name: str) -> float:
        """Return what an invariant that is zero is compared with: the integral of the size, or of its square."""
        first = self.truth[0]
        size = np.abs(first).mean() if name == "mean" else np.square(first).mean()
        return max(float(size) * self.volume, scores.TINY)

    volume = 1.0
    """Volume of the box, which integrals are over."""
    given = 0
    """Channels, the first ones, that are known in every frame: shown, put back after an answer, not scored."""
    nothing = np.zeros(0)
    """Parameters of an episode, where there are none."""

    def _observation(self, field: NDArray[np.float64]) -> dict[str, Frames]:
        return {"field": field.astype(np.float32), "parameters": self.values.copy()}


class FieldEnv(FieldForecast):
    """Forecast the fields of a PDE, frame by frame, against a resolved solution; see ``FieldForecast``."""

    def __init__(
        self,
        problem: str = "kuramoto-sivashinsky",
        steps: int = 100,
        points: int | None = None,
        parameters: Mapping[str, Any] | None = None,
        frame: float | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Choose the problem, the number of frames of an episode, and what differs from the problem's own settings.

        Args:
            problem: its name.
            steps: frames to forecast.
            points: of the grid in every direction; None is the problem's own.
            parameters: numbers, or ranges ``[low, high]`` to draw from, by name.
            frame: time between frames; None is the problem's own.
            render_mode: None; figures are the report's.

        Raises:
            UnknownName: no such problem.
            ConfigError: a parameter that it does not have, or a time between frames that is not positive.
            UsageError: no frame to forecast.
        """
        steps = whole("env.steps", steps, 1)
        self.problem = find_problem(problem).changed(points, frame, **(parameters or {}))
        self.steps, self.render_mode = steps, render_mode
        self.kind = repr((problem, steps, points, frame, sorted((parameters or {}).items())))
        grid = self.problem.grid
        self.volume = grid.volume
        facts = {
            "problem": problem,
            "lengths": list(grid.lengths),
            "periodic": [True] * grid.dim,
            "parameters": list(self.problem.ranges),
            "parameters_set": dict(parameters or {}),
        }
        self.describe(self.problem.equation.channels, grid.points, self.problem.frame, facts)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Frames], dict[str, Any]]:
        """Draw a start and parameters, and solve the truth of the whole episode."""
        return self.reset_all([self], [seed], [options])[0]

    @classmethod
    def reset_all(
        cls, envs: Sequence[Self], seeds: Sequence[int | None], options: Sequence[dict[str, Any] | None]
    ) -> list[tuple[dict[str, Frames], dict[str, Any]]]:
        """Begin episodes of several environments; the truths of those of one kind are solved in batches."""
        kinds: dict[str, list[int]] = {}
        for number, env in enumerate(envs):
            kinds.setdefault(env.kind, []).append(number)
        found: list[Any] = [None] * len(envs)
        for numbers in kinds.values():
            for first in range(0, len(numbers), BATCH):
                batch = numbers[first : first + BATCH]
                begun = cls._begun([envs[number] for number in batch], [seeds[number] for number in batch])
                for number, observation in zip(batch, begun, strict=True):
                    found[number] = (observation, {})
        return found

    @classmethod
    def step_all(
        cls, envs: Sequence[Self], actions: Sequence[Any]
    ) -> list[tuple[Any, float, bool, bool, dict[str, Any]]]:
        """Score a frame of each."""
        return [env.step(action) for env, action in zip(envs, actions, strict=True)]

    @staticmethod
    def _begun(envs: Sequence[FieldEnv], seeds: Sequence[int | None]) -> list[dict[str, Frames]]:
        drawn = []
        for env, seed in zip(envs, seeds, strict=True):
            gymnasium.Env.reset(env, seed=seed)
            drawn.append(env.problem.draw(env.np_random))
        truths = _TRUTHS.find(envs, seeds, drawn)
        return [env.begin(truth, given.numpy()) for env, truth, (_, given) in zip(envs, truths, drawn, strict=True)]

    def invariants(self, field: NDArray[np.float64]) -> dict[str, float]:
        """Return what the equation keeps."""
        varying = dict(zip(self.problem.ranges, self.values.astype(float).tolist(), strict=True))
        equation = self.problem.equation(self.problem.grid, **{**self.problem.parameters, **varying})
        found = equation.invariants(torch.tensor(field)[None])
        return {name: float(value) for name, value in found.items()}


class _Truths:
    """Truths by kind of environment and seed, solved together where they are not known yet."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], NDArray[np.float64]] = OrderedDict()

    def find(
        self, envs: Sequence[FieldEnv], seeds: Sequence[int | None], drawn: Sequence[tuple[Tensor, Tensor]]
    ) -> list[NDArray[np.float64]]:
        """Return the truths ``(frames + 1, C, *points)`` of environments of one kind, not to be written into."""
        keys = [None if seed is None else (env.kind, seed) for env, seed in zip(envs, seeds, strict=True)]
        found = [None if key is None else self._known.get(key) for key in keys]
        open_ = [number for number, truth in enumerate(found) if truth is None]
        if open_:
            starts, values = (torch.stack(part) for part in zip(*(drawn[number] for number in open_), strict=True))
            with torch.no_grad():
                solved = envs[0].problem.truth(starts, values, envs[0].steps).numpy()
            for number, truth in zip(open_, solved, strict=True):
                found[number] = self._keep(keys[number], truth)
        return [truth for truth in found if truth is not None]

    def _keep(self, key: tuple[str, int] | None, truth: NDArray[np.float64]) -> NDArray[np.float64]:
        if key is None or truth.nbytes > LARGE:
            return truth
        kept = truth.copy()  # not a view of the whole batch
        kept.flags.writeable = False
        self._known[key] = kept
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return kept


_TRUTHS = _Truths()


class ResolvedSolver:
    """Answers with the true frames: what the resolved solver found."""

    observe = 1
    execute = 50

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        self._env = cast(FieldForecast, env.unwrapped)

    def reset(self, observation: Observation) -> None:
        """Nothing to prepare."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next frames ``(1, K, C, *points)``; after the end of the episode its last one is repeated."""
        rows = np.arange(self._env.time + 1, self._env.time + 1 + self.execute)
        rows = np.minimum(rows, len(self._env.truth) - 1)
        return torch.from_numpy(self._env.truth[rows].astype(np.float32))[None]
