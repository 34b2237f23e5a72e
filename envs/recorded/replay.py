"""Recorded demonstrations as an environment: what a policy would have done where the expert was.

There is no simulator behind a file: observations are the recorded ones whatever the action, and the action is compared
with the recorded one. That tells a policy that learned something from one that did not; it does not tell whether the
task would have succeeded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, cast

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box, Dict
from numpy.typing import NDArray
from torch import Generator, Tensor

from simplatform.contracts import Expansion, Observation
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.envs.recorded.clouds import Sampling
from simplatform.envs.recorded.prepared import Recording
from simplatform.envs.recorded.reading import How, Outliers, recording
from simplatform.errors import ConfigError, DataError

Part = Literal["train", "validation", "test"]
Array = NDArray[np.float32]
HELD_OUT = 0.1
DEFAULT = How()
CONSTANT = 1e-6
"""A component of the action that varies by no more than this share of its size is constant: float32's rounding."""


def _opened(path: str, how: How) -> Recording:
    found = recording(path, how)
    if (count := len(found.demonstrations)) < 3:
        raise DataError(f"{path} holds {count} episodes; training, validation and test need one each, so three")
    return found


def split(path: str, held_out: float = HELD_OUT, how: How = DEFAULT) -> dict[Part, list[int]]:
    """Return the episodes of each part: the last share tests, the share before it validates, the others train.

    Raises:
        ConfigError: no path, or a share that leaves nothing to train on.
        DataError: fewer than three episodes, or no demonstrations.
    """
    count = len(_opened(path, how).demonstrations)
    held = max(1, round(held_out * count))
    if not 0 < held_out < 0.5 or count - 2 * held < 1:
        raise ConfigError(
            f"env.held_out={held_out} of {count} episodes for test and validation leaves none to train on"
        )
    numbers = list(range(count))
    return {"train": numbers[: -2 * held], "validation": numbers[-2 * held : -held], "test": numbers[-held:]}


def demonstrations(kwargs: Mapping[str, Any]) -> Demonstrations:
    """Return the episodes of a part as they are recorded: what ``replay`` teaches, without a copy of it."""
    how, held_out = how_of(kwargs), float(kwargs.get("held_out", HELD_OUT))
    numbers = split(str(kwargs.get("path", "")), held_out, how)[kwargs["part"]]
    return _opened(str(kwargs["path"]), how).demonstrations.part(numbers[0], numbers[-1] + 1)


def how_of(kwargs: Mapping[str, Any]) -> How:
    """Return how a file is read, among the keywords of an environment."""
    names = {item.name for item in dataclasses.fields(How)}
    return How.of(**{key: value for key, value in kwargs.items() if key in names})


def episodes(kwargs: Mapping[str, Any]) -> Expansion:
    """Return how many episodes teach, validate and test: what ``replay`` expands to."""
    how = how_of(kwargs)
    parts = split(str(kwargs.get("path", "")), float(kwargs.get("held_out", HELD_OUT)), how)
    return Expansion(({},), len(parts["train"]), len(parts["validation"]), len(parts["test"]))


def units(actions: NDArray[Any]) -> NDArray[np.float64]:
    """Return what one is for each component of actions ``(N, *action)``: its standard deviation.

    A constant is measured by its size, and by that of the largest of all where it is zero.
    """
    spread, size = actions.astype(np.float64).std(0), np.abs(actions).astype(np.float64).max(0)
    own = np.where(size > 0, size, float(size.max(initial=0.0)) or 1.0)
    return np.where(spread > CONSTANT * size, spread, own)


def nearer(actions: NDArray[Any], other: NDArray[Any], quaternions: Sequence[int]) -> NDArray[Any]:
    """Return actions ``(..., C)`` with each quaternion, or its negative, whichever is nearer to that of ``other``.

    Both are the same rotation. ``quaternions`` are the components at which they begin.
    """
    found = np.array(actions)
    for start in quaternions:
        part = slice(start, start + 4)
        away = (found[..., part] * other[..., part]).sum(-1, keepdims=True) < 0
        found[..., part] = np.where(away, -found[..., part], found[..., part])
    return found


def _starts(quaternions: Sequence[int], shape: tuple[int, ...]) -> list[int]:
    """Return where quaternions begin, ordered.

    Raises:
        ConfigError: they overlap, or are not whole within an action.
    """
    listed = quaternions if isinstance(quaternions, list | tuple) else [quaternions]
    whole = len(shape) == 1 and all(type(k) is int and 0 <= k <= shape[0] - 4 for k in listed)
    starts = sorted(listed) if whole else []
    if not whole or any(b - a < 4 for a, b in pairwise(starts)):
        raise ConfigError(
            f"env.quaternions={quaternions} must name where quaternions, of four components each, begin in actions of "
            f"shape {list(shape)}"
        )
    return starts


class ReplayEnv(gymnasium.Env[dict[str, Any], Array]):
    """Replays the recorded episodes of a part, each as one episode: ``reset(options={"episode": k})`` begins the k-th.

    Observations have the recorded keys and shapes, in the recorded units, float32. ``info["action_error"]`` is the root
    mean square over components of (action − recorded action), each divided by its standard deviation over the whole
    file, or by its size where it is constant: 0 is the expert, 1 about the mean action. ``info["action_difference"]``
    is the mean absolute difference in the action's own units. Where ``quaternions`` begin, q and −q are the same.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(
        self, path: str = "", episode: int | None = None, part: Part = "test", held_out: float = HELD_OUT,
        render_mode: str | None = None, points: int = How.points, sampling: Sampling = How.sampling,
        outliers: Outliers = How.outliers, keys: Mapping[str, Any] | None = None, voxel: float = How.voxel,
        pixels: int = How.pixels, depth: Mapping[str, Any] | None = None,
        quaternions: Sequence[int] = (),
    ) -> None:  # fmt: skip
        """Open the file; ``episode``, which counts within its ``part``, leaves that one alone; the rest: ``How``.

        Raises:
            ConfigError, DataError: see ``split``.
        """
        how = How.of(
            points=points, sampling=sampling, outliers=outliers, keys=keys, voxel=voxel, pixels=pixels, depth=depth
        )
        numbers = split(path, held_out, how)[part]
        found = _opened(path, how)
        demonstrations = found.demonstrations
        self._numbers = numbers if episode is None else [numbers[episode % len(numbers)]]
        self._episodes, self._images = demonstrations, found.facts["images"]
        self.recorded: Episode = demonstrations[self._numbers[0]]
        self._quaternions = _starts(quaternions, self.recorded.actions.shape[1:])
        actions = demonstrations.stacked_actions()
        self._scale = units(nearer(actions, actions[0], self._quaternions))
        self._time, self.render_mode = 0, render_mode
        shapes = {key: value.shape[1:] for key, value in self.recorded.observations.items()}
        self.observation_space = Dict({key: _space(shape, key in self._images) for key, shape in shapes.items()})
        self.action_space = Box(-np.inf, np.inf, self.recorded.actions.shape[1:], np.float32)
        self.metadata = {
            **self.metadata,
            "simplatform": {
                "recorded": len(demonstrations),
                "episodes": len(self._numbers),
                "said": list(found.said),
                **found.facts,
            },
        }

    @property
    def expert_action(self) -> Array:
        """The recorded action of this moment."""
        found: Array = self.recorded.actions[min(self._time, len(self.recorded) - 1)].astype(np.float32)
        return found

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Array], dict[str, Any]]:
        """Go to the beginning of the episode that ``options`` names by its number, or of a random one."""
        super().reset(seed=seed)
        count, number = len(self._numbers), (options or {}).get("episode")
        chosen = int(self.np_random.integers(count)) if number is None else int(number) % count
        self.recorded = self._episodes[self._numbers[chosen]]
        self._time = 0
        return self._observation(), {}

    def step(self, action: Array) -> tuple[dict[str, Array], float, bool, bool, dict[str, Any]]:
        """Compare, and go one recorded step on; the reward is minus the error."""
        expert = self.expert_action
        difference = nearer(np.asarray(action, np.float64), expert, self._quaternions) - expert
        error = float(np.sqrt(np.mean((difference / self._scale) ** 2)))
        info = {"action_error": error, "action_difference": float(np.abs(difference).mean())}
        self._time += 1
        return self._observation(), -error, self._time >= len(self.recorded), False, info

    def _observation(self) -> dict[str, Array]:
        seen = {key: np.array(value[self._time]) for key, value in self.recorded.observations.items()}
        return {key: value if key in self._images else value.astype(np.float32) for key, value in seen.items()}


def _space(shape: tuple[int, ...], image: bool) -> Box:
    return Box(0, 255, shape, np.uint8) if image else Box(-np.inf, np.inf, shape, np.float32)


class Recorded:
    """The expert of a replayed episode: what was recorded."""

    observe = execute = 1

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        self._env = cast(ReplayEnv, env.unwrapped)

    def reset(self, observation: Observation) -> None:
        """Nothing to prepare."""

    def act(self, observation: Observation, *, generator: Generator) -> Tensor:
        """Return the recorded action ``(1, 1, *action)``."""
        return torch.as_tensor(self._env.expert_action)[None, None]
