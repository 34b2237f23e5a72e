"""Few-shot forecasting: see a few trajectories of one system of a family, then tell how another one goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from torch import Generator, Tensor

from simplatform.contracts import LOST, Observation
from simplatform.envs.dynamics.families import find_collection, numbered
from simplatform.envs.dynamics.systems.base import Array
from simplatform.envs.dynamics.truth import all_trajectories, trajectories
from simplatform.errors import ConfigError

CAP = 1e6
"""Largest error that is reported; a trajectory with non-finite values counts as that far off. For ``mse`` it is in
units of the truth's largest value, squared."""


class ForecastEnv(gymnasium.Env[dict[str, Any], Array]):
    """Forecast one trajectory of one environment of a family, or of a collection of families; an episode is one step.

    Observation: ``support (S, T, d)``, whole trajectories of the same environment from other initial states;
    ``initial (d,)``; ``times (T,)``, which differ between the families of a collection. Action ``(T, d)``: the
    trajectory from ``initial``. For a field on a grid all of these have ``(channels, n, n)`` in the place of ``d``.
    ``info``: ``mse``, ``relative_mse`` (mean over time of ‖ŷ − y‖² / ‖max(|y|, 1e-6 max|y|)‖²), ``mape``,
    ``diverged`` (1 for a forecast that is not finite, or ever farther from the truth than ten times the truth's largest
    norm), and the numbers ``environment`` and ``family``, which policies do not see, unless ``labels`` is set: then
    there is an observation ``labels (2,)``, family and environment, with -1 for an environment that training never saw.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012
    told: Array | None = None
    """Values of the known terms' parameters, where there are known terms: an observation ``parameters (P,)``."""

    def __init__(
        self,
        family: str = "lotka-volterra",
        environment: int = 0,
        support: int = 4,
        ood: bool = False,
        labels: bool = False,
        render_mode: str | None = None,
    ) -> None:
        """Choose the family, the number of the environment in it (counted round), and how many trajectories are shown.

        Raises:
            ConfigError: no trajectory would be shown.
            UnknownName: no such family.
        """
        choices = numbered(find_collection(family), ood)
        if support < 1:
            raise ConfigError(f"env.support must be at least 1, got {support}")
        self.environment, self.support, self.render_mode = environment % len(choices), support, render_mode
        self.family_index, self.parameters = choices[self.environment]
        self.family = find_collection(family)[self.family_index]
        self.system, self.times, self.ood, self.labels = self.family.resolve(), self.family.grid(), ood, labels
        shape = (len(self.times), *(self.system.shape or (self.system.dim,)))
        self.observation_space = self.space(support, shape, labels)
        self.action_space = self.box(shape)
        described = {"family": family, "dim": self.system.dim, "judges_non_finite": True}
        self.metadata = {**self.metadata, "simplatform": described}

    @staticmethod
    def box(shape: tuple[int, ...]) -> spaces.Box[np.float64]:
        """Return an unbounded space of float64."""
        return spaces.Box(-np.inf, np.inf, shape, np.float64)

    def space(self, support: int, shape: tuple[int, ...], labels: bool) -> spaces.Dict:
        """Return the observation space for trajectories of a shape."""
        shapes = {"support": (support, *shape), "initial": shape[1:], "times": shape[:1]}
        if labels:
            shapes["labels"] = (2,)
        if self.told is not None:
            shapes["parameters"] = self.told.shape
        return spaces.Dict({name: self.box(size) for name, size in shapes.items()})

    def draw(self) -> Array:
        """Return the truth of a new episode, ``(support + 1, T, ...)``: what is shown, then what is to be told."""
        paths = trajectories(self.system, self.starts(), self.times, **self.parameters)
        return paths.reshape(len(paths), *(self.action_space.shape or ()))

    def starts(self) -> Array:
        """Draw initial states, ``(support + 1, dim)``."""
        return np.stack([self.family.initial(self.np_random) for _ in range(self.support + 1)])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Array], dict[str, Any]]:
        """Draw initial states and integrate the truth."""
        super().reset(seed=seed)
        return self._begun(self.draw())

    @classmethod
    def reset_all(
        cls, envs: Sequence[ForecastEnv], seeds: Sequence[int | None], options: Sequence[dict[str, Any] | None]
    ) -> list[tuple[dict[str, Array], dict[str, Any]]]:
        """Begin episodes of several instances; truths of one system are integrated together, whatever the parameters.

        A subclass that draws otherwise begins them one by one.
        """
        if cls.draw is not ForecastEnv.draw:
            return [env.reset(seed=s, options=o) for env, s, o in zip(envs, seeds, options, strict=True)]
        alike: dict[tuple[Any, ...], list[int]] = {}
        for row, (env, seed) in enumerate(zip(envs, seeds, strict=True)):
            gymnasium.Env.reset(env, seed=seed)
            alike.setdefault((env.system.name, env.support, *env.times), []).append(row)
        answers: dict[int, tuple[dict[str, Array], dict[str, Any]]] = {}
        for rows in alike.values():
            first = envs[rows[0]]
            starts, parameters = np.stack([envs[r].starts() for r in rows]), [envs[r].parameters for r in rows]
            found = all_trajectories(first.system, starts, first.times, parameters)
            for row, paths in zip(rows, found, strict=True):
                answers[row] = envs[row]._begun(paths.reshape(len(paths), *(first.action_space.shape or ())))
        return [answers[row] for row in range(len(envs))]

    @classmethod
    def step_all(
        cls, envs: Sequence[ForecastEnv], actions: Sequence[Array]
    ) -> list[tuple[dict[str, Array], float, bool, bool, dict[str, Any]]]:
        """Score a trajectory of each instance."""
        return [env.step(action) for env, action in zip(envs, actions, strict=True)]

    def _begun(self, paths: Array) -> tuple[dict[str, Array], dict[str, Any]]:
        self.truth = paths[-1]
        self._shown = {"support": paths[:-1], "initial": paths[-1, 0], "times": self.times.copy()}
        if self.labels:
            number = -1 if self.ood else self.environment
            self._shown["labels"] = np.array([self.family_index, number], float)
        if self.told is not None:
            self._shown["parameters"] = self.told
        return self._observe(), {}

    def step(self, action: Array) -> tuple[dict[str, Array], float, bool, bool, dict[str, Any]]:
        """Score a trajectory."""
        numbers = {"environment": float(self.environment), "family": float(self.family_index)}
        info = {**errors(np.asarray(action, float), self.truth), **numbers}
        return self._observe(), -info["relative_mse"], True, False, info

    def _observe(self) -> dict[str, Array]:
        return {key: value.copy() for key, value in self._shown.items()}


def errors(predicted: Array, truth: Array) -> dict[str, float]:
    """Return mse, relative_mse and mape of a trajectory ``(T, ...)``, each at most 1e6, and whether it diverged.

    Nothing depends on the unit: in another one, all but ``mse`` are the same, and that by the unit squared.
    """
    unit = float(np.abs(truth).max()) or 1.0
    if not np.isfinite(predicted).all():
        return {"mse": CAP * unit**2, "relative_mse": CAP, "mape": CAP, "diverged": 1.0}
    predicted, truth = predicted.reshape(len(truth), -1) / unit, truth.reshape(len(truth), -1) / unit
    gap, size = np.clip(predicted - truth, -1e9, 1e9), np.maximum(np.abs(truth), 1e-6)
    found = {
        "mse": np.mean(gap**2),
        "relative_mse": np.mean(np.sum(gap**2, -1) / np.sum(size**2, -1)),
        "mape": np.mean(np.abs(gap) / size),
    }
    far = np.linalg.norm(gap, axis=-1).max() > LOST * np.linalg.norm(size, axis=-1).max()
    capped = {name: float(min(value, CAP)) for name, value in found.items()}
    return {**capped, "mse": capped["mse"] * unit**2, "diverged": float(far)}


class IntegratorExpert:
    """The tight-tolerance integrator with the true parameters: the environment's own truth."""

    observe = execute = 1

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        self._env = cast(ForecastEnv, env.unwrapped)

    def reset(self, observation: Observation) -> None:
        """Nothing to prepare."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the trajectory, ``(1, 1, T, ...)``."""
        return torch.as_tensor(self._env.truth)[None, None]
