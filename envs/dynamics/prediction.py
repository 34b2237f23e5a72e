"""Closed-loop prediction: the policy sees a true delay window once, and from then on only what it said itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from torch import Generator, Tensor

from simplatform.contracts import Observation
from simplatform.envs.dynamics.systems import find_system
from simplatform.envs.dynamics.systems.base import Array
from simplatform.envs.dynamics.truth import all_settled, attractor_scale, bundle, settled, trajectory
from simplatform.errors import ConfigError

THRESHOLD = 0.4
"""Normalised error up to which a prediction counts as valid."""
CAP = 10.0
"""Largest error that is reported: a prediction that far off says nothing any more."""
HORIZONS = (50, 100, 200)
AFTERWARDS = 100
"""Steps that an episode goes on after its prediction was lost, for the eye."""


class PredictionEnv(gymnasium.Env[dict[str, Any], Array]):
    """Predict one dynamical system, step by step.

    Observation ``window (q, d)``: the last q states, oldest first; measured at the start, then the policy's own. Action
    ``(d,)``: the next state. ``info`` holds ``valid_prediction_time`` (how long the error stayed at or below 0.4, in
    Lyapunov times, or in time units where no exponent is known), ``error_50``, ``error_100`` and ``error_200`` (root
    mean square over components in units of the attractor's standard deviation, at most 10; None until that step is
    reached, and 10 where the prediction was lost before) and ``diverged``. An episode ends after ``steps`` steps, or
    100 steps after a prediction was lost (but not before step 200, to have its errors), or at once when it is lost
    beyond recall.

    ``noise`` is the standard deviation of the measurements' errors, as a fraction of the attractor's own; errors of a
    prediction are always counted against the truth. ``observed`` lists the components that are measured at all.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(
        self,
        system: str = "lorenz63",
        window: int = 8,
        steps: int = 1000,
        dt: float | None = None,
        noise: float = 0.0,
        observed: Sequence[int] | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Choose the system (by name), the window q, the length of an episode, and how it is measured.

        Raises:
            ConfigError: ``observed`` names a component that the system does not have.
            UnknownName: no such system.
        """
        self.system = find_system(system)
        self.window, self.steps, self.noise, self.render_mode = window, steps, noise, render_mode
        self.dt = self.system.dt if dt is None else dt
        self.observed = list(range(self.system.dim) if observed is None else observed)
        if not self.observed or not set(self.observed) <= set(range(self.system.dim)):
            raise ConfigError(f"env.observed must list some of 0 … {self.system.dim - 1} of {system}, got {observed}")
        self.scale = np.array(attractor_scale(system))[self.observed]
        self.names, self.recorded, self.start, self.samples = [f"x{n + 1}" for n in self.observed], False, 0.0, window
        self.describe(system)

    def describe(self, name: str) -> None:
        """Set spaces and metadata from window, observed components and system."""
        shape = (self.window, len(self.observed))
        self.observation_space = spaces.Dict({"window": spaces.Box(-np.inf, np.inf, shape, np.float64)})
        self.action_space = spaces.Box(-np.inf, np.inf, shape[1:], np.float64)
        described = {
            "dt": self.dt,
            "system": name,
            "dim": shape[1],
            "fields": (self.system.grid or (0, 0))[1],
            "judges_non_finite": True,
        }
        self.metadata = {**self.metadata, "simplatform": described}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Array], dict[str, Any]]:
        """Draw a point on the attractor and integrate the truth from there."""
        super().reset(seed=seed)
        return self._begun(self.draw())

    @classmethod
    def reset_all(
        cls, envs: Sequence[PredictionEnv], seeds: Sequence[int | None], options: Sequence[dict[str, Any] | None]
    ) -> list[tuple[dict[str, Array], dict[str, Any]]]:
        """Begin episodes of several instances of one system; their truths are integrated together."""
        first = envs[0]
        if cls.draw is not PredictionEnv.draw or any(env.kind != first.kind for env in envs):
            return [env.reset(seed=s, options=o) for env, s, o in zip(envs, seeds, options, strict=True)]
        for env, seed in zip(envs, seeds, strict=True):
            gymnasium.Env.reset(env, seed=seed)
        starts = np.stack([first.system.initial(env.np_random) for env in envs])
        waits = np.array([first.system.settle(env.np_random) for env in envs])
        starts = all_settled(first.system, starts, waits)
        count = first.window + first.steps
        times = np.broadcast_to(first.dt * np.arange(count), (len(envs), count))
        wholes = bundle(first.system, starts, times)
        return [
            env._begun(np.ascontiguousarray(whole[:, env.observed])) for env, whole in zip(envs, wholes, strict=True)
        ]

    @property
    def kind(self) -> tuple[Any, ...]:
        """What instances must share to be integrated together."""
        return (self.system.name, self.window, self.steps, self.dt)

    def _begun(self, truth: Array) -> tuple[dict[str, Array], dict[str, Any]]:
        self.truth = truth
        self.measured = self._measure()
        self._window = self.measured[: self.window].copy()
        self.time, self._valid, self._lost_at = 0, True, self.steps
        self._info = {"valid_prediction_time": 0.0, **dict.fromkeys(f"error_{h}" for h in HORIZONS), "diverged": 0.0}
        return {"window": self._window.copy()}, {}

    def step(self, action: Array) -> tuple[dict[str, Array], float, bool, bool, dict[str, Any]]:
        """Append the predicted state to the window and score it."""
        state = np.asarray(action, float)
        window = np.concatenate([self._window[1:], state[None]])
        return self._scored(window, window.copy(), self._error(state))

    @classmethod
    def step_all(
        cls, envs: Sequence[PredictionEnv], actions: Sequence[Array]
    ) -> list[tuple[dict[str, Array], float, bool, bool, dict[str, Any]]]:
        """Take a step of several instances."""
        states = np.array(actions, float)
        gaps = states - np.array([env.truth[env.window + env.time] for env in envs])
        with np.errstate(invalid="ignore"):
            gaps = np.minimum(np.abs(gaps / np.array([env.scale for env in envs])), 1e6)
        errors = np.where(np.isfinite(states).all(1), np.sqrt(np.mean(gaps**2, axis=1)), np.inf).tolist()
        kept = np.concatenate([np.array([env._window[1:] for env in envs]), states[:, None]], axis=1)
        shown = kept.copy()
        return [env._scored(*found) for env, *found in zip(envs, kept, shown, errors, strict=True)]

    def _scored(
        self, window: Array, shown: Array, error: float
    ) -> tuple[dict[str, Array], float, bool, bool, dict[str, Any]]:
        self._window = window
        self.time += 1
        self._score(error)
        lost = error >= 100 * CAP
        if lost:
            missed = {f"error_{h}": CAP for h in HORIZONS if self.time <= h <= self.steps}
            self._info.update(missed, diverged=1.0)
        done = self.time >= min(self.steps, max(self._lost_at + AFTERWARDS, HORIZONS[-1]))
        return (
            {"window": shown},
            -min(error, CAP),
            lost,
            done and not lost,
            dict(self._info, error=min(error, CAP)),
        )

    def draw(self) -> Array:
        """Return the truth of a new episode, ``(window + steps, d)``."""
        start = self.system.initial(self.np_random)
        begin = settled(self.system, start, self.system.settle(self.np_random))
        whole = trajectory(self.system, begin, self.dt * np.arange(self.window + self.steps, dtype=np.float64))
        return np.ascontiguousarray(whole[:, self.observed])

    def _measure(self) -> Array:
        if not self.noise:
            return self.truth
        return self.truth + self.noise * self.scale * self.np_random.standard_normal(self.truth.shape)

    def _error(self, state: Array) -> float:
        if not np.isfinite(state).all():
            return float("inf")
        gap = (state - self.truth[self.window + self.time]) / self.scale
        return float(np.sqrt(np.mean(np.minimum(np.abs(gap), 1e6) ** 2)))

    def _score(self, error: float) -> None:
        if self._valid and not error <= THRESHOLD:
            self._valid, self._lost_at = False, self.time
        if self._valid:
            self._info["valid_prediction_time"] = self.time * self.dt * (self.system.lyapunov or 1.0)
        if self.time in HORIZONS:
            self._info[f"error_{self.time}"] = min(error, CAP)


class TruthExpert:
    """Answers with what is measured next: the true continuation, as the integrator gives it, and the noise on it."""

    observe = 1
    execute = 100

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        self._env = cast(PredictionEnv, env.unwrapped)

    def reset(self, observation: Observation) -> None:
        """Nothing to prepare."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the next states, ``(1, K, d)``; after the end of the episode its last state is repeated."""
        first = self._env.window + self._env.time
        rows = np.minimum(np.arange(first, first + self.execute), len(self._env.truth) - 1)
        return torch.as_tensor(self._env.measured[rows])[None]
