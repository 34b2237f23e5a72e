"""Several meshes as one vector environment: side by side where they are equal, packed where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.geometry.mesh import Floats
from simplatform.errors import ConfigError, ContractError
from simplatform.pipeline.vector import Each, TogetherVector, keywords_of

PACKED = ("points", "monitor", "solution", "boundary")
"""Observations with a row for each vertex."""


def meshes(
    num_envs: int = 1,
    each: Each | None = None,
    autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
    **kwargs: Any,
) -> VectorEnv[Any, Any, Any]:
    """Return ``num_envs`` mesh environments as one: ``kwargs`` are those of ``MeshMovement``, ``each`` the others.

    Equal meshes have a first axis for the environment; other ones are packed, see ``PackedMeshes``.

    Raises:
        ConfigError: a keyword of ``each`` has not one value for each, or meshes of two dimensions or kinds of cells.
    """
    envs = [MeshMovement(**own) for own in keywords_of(num_envs, each, kwargs)]
    first = envs[0]
    if all(e.observation_space == first.observation_space and e.action_space == first.action_space for e in envs):
        return TogetherVector([partial(_itself, env) for env in envs], autoreset_mode)
    return PackedMeshes(envs, autoreset_mode)


def _itself(env: MeshMovement) -> MeshMovement:
    return env


class PackedMeshes(VectorEnv[dict[str, Any], Floats, Any]):
    """Meshes of different sizes, packed as PyTorch Geometric packs graphs.

    Observation: ``points (ΣV, d)``, ``monitor``, ``solution`` and ``boundary (ΣV,)`` one after the other, ``cells
    (ΣC, k)`` that count through all vertices, ``parameters (N, P)``, ``batch (ΣV,)``, which mesh a vertex belongs to,
    and ``ptr (N + 1,)``, where each begins. Action: the displacements ``(ΣV, d)``, or what ``env.action`` says. Rewards
    and infos are those of any vector environment.
    """

    def __init__(self, envs: Sequence[MeshMovement], autoreset_mode: str | AutoresetMode) -> None:
        """Pack environments.

        Raises:
            ConfigError: meshes of two dimensions or kinds of cells, or problems of other parameters.
        """
        super().__init__()
        self.envs, self.num_envs = list(envs), len(envs)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**envs[0].metadata, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space, self.single_action_space = envs[0].observation_space, envs[0].action_space
        self.ptr = np.cumsum([0, *(len(env.mesh.points) for env in envs)])
        self._observation: list[dict[str, Any]] = [{} for _ in envs]
        self._over = np.zeros(self.num_envs, bool)
        self.observation_space, self.action_space = self._spaces()

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draw a problem on every mesh."""
        seeds = (
            [None if seed is None else seed + row for row in range(self.num_envs)]
            if seed is None or isinstance(seed, int)
            else seed
        )
        infos: dict[str, Any] = {}
        found = MeshMovement.reset_all(self.envs, list(seeds), [options] * self.num_envs)
        for row, (shown, info) in enumerate(found):
            self._observation[row] = shown
            infos = self._add_info(infos, info, row)
        self._over[:] = False
        return self.packed(self._observation), infos

    def step(self, actions: Floats) -> tuple[dict[str, Any], Any, Any, Any, dict[str, Any]]:
        """Move every mesh.

        Raises:
            ContractError: not a row for each vertex; or, without autoreset, a mesh that has ended was not reset.
        """
        rewards, flags = np.zeros(self.num_envs), np.zeros((2, self.num_envs), bool)
        infos: dict[str, Any] = {}
        mode, over = self.autoreset_mode, self._over.copy()
        if mode == AutoresetMode.DISABLED and over.any():
            raise ContractError(f"meshes {np.flatnonzero(over).tolist()} have ended: reset them, or set a mode")
        given = self.unpacked(actions)
        going = [row for row in range(self.num_envs) if not (mode == AutoresetMode.NEXT_STEP and over[row])]
        stepped = MeshMovement.step_all([self.envs[row] for row in going], [given[row] for row in going])
        answers = dict(zip(going, stepped, strict=True))
        for row, env in enumerate(self.envs):
            if row not in answers:
                infos = self._reset(row, env, infos)
                continue
            shown, rewards[row], *ended, info = answers[row]
            self._observation[row], flags[:, row] = shown, ended
            if mode == AutoresetMode.SAME_STEP and any(ended):
                infos = self._add_info(infos, {"final_obs": shown, "final_info": info}, row)
                infos = self._reset(row, env, infos)
            else:
                infos = self._add_info(infos, info, row)
        self._over = flags[0] | flags[1]
        return self.packed(self._observation), rewards, flags[0], flags[1], infos

    def packed(self, observations: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return observations of all meshes as one."""
        shown = {key: np.concatenate([one[key] for one in observations]) for key in PACKED}
        shown["cells"] = np.concatenate(
            [one["cells"] + first for one, first in zip(observations, self.ptr, strict=False)]
        )
        shown["parameters"] = np.stack([one["parameters"] for one in observations])
        return {**shown, "batch": self._batch, "ptr": self.ptr.copy()}

    def unpacked(self, actions: Floats) -> list[NDArray[Any]]:
        """Return the action of each mesh.

        Raises:
            ContractError: not a row for each vertex.
        """
        if len(actions) != self.ptr[-1]:
            raise ContractError(f"an action has a row for each of {self.ptr[-1]} vertices, got {np.shape(actions)}")
        return np.split(np.asarray(actions), self.ptr[1:-1])

    def close_extras(self, **kwargs: Any) -> None:
        """Close the environments."""
        for env in self.envs:
            env.close()

    @property
    def _batch(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(self.num_envs), np.diff(self.ptr))

    def _reset(self, row: int, env: MeshMovement, infos: dict[str, Any], **given: Any) -> dict[str, Any]:
        self._observation[row], info = env.reset(**given)
        return self._add_info(infos, info, row)

    def _spaces(self) -> tuple[spaces.Dict, spaces.Box]:
        shown: list[Any] = [env.observation_space for env in self.envs]
        if len({(s["points"].shape[1], s["cells"].shape[1], s["parameters"].shape) for s in shown}) > 1:
            raise ConfigError("meshes that are packed share dimension, kind of cells and the problem's parameters")
        boxes: dict[str, gymnasium.Space[Any]] = {key: _joined([space[key] for space in shown]) for key in PACKED}
        count, cells = int(self.ptr[-1]), sum(space["cells"].shape[0] for space in shown)
        boxes["cells"] = spaces.Box(0, count - 1, (cells, shown[0]["cells"].shape[1]), np.int64)
        parameters = shown[0]["parameters"]
        boxes["parameters"] = gymnasium.vector.utils.batch_space(parameters, self.num_envs)
        boxes["batch"] = spaces.Box(0, self.num_envs - 1, (count,), np.int64)
        boxes["ptr"] = spaces.Box(0, count, self.ptr.shape, np.int64)
        return spaces.Dict(boxes), _joined([env.action_space for env in self.envs])


def _joined(boxes: Sequence[Any]) -> spaces.Box:
    """Return the box of arrays one after the other."""
    low, high = np.concatenate([box.low for box in boxes]), np.concatenate([box.high for box in boxes])
    return spaces.Box(low, high, dtype=boxes[0].dtype)
