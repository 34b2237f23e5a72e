"""``gymnasium.make_vec`` for every registered environment: each id has a vector entry point of this module.

Environments whose kind is reset and stepped together (``Together``) take one call for all; those that declare
``processes`` live in worker processes, a few in each, and their observations come back through shared memory; all
others are stepped in turn. Observations, rewards and infos are those of ``SyncVectorEnv``, to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.vector.utils import concatenate, iterate

from simplatform.contracts import Facts, Together
from simplatform.errors import ConfigError, UsageError
from simplatform.executors import available_cores
from simplatform.pipeline.lockstep import Env, Lost, within
from simplatform.pipeline.remote import Remotes

Each = Mapping[str, Sequence[Any]]
"""Keywords that differ from environment to environment: name to one value for each."""
Answer = tuple[Any, ...]


class TogetherVector(SyncVectorEnv[Any, Any]):
    """Environments in one process, or in ``remotes``, that answer in one call where their kind can.

    The episode of a worker process that died is truncated where it was, with ``lost`` in its info.
    """

    def __init__(
        self,
        made: Sequence[Callable[[], Env]],
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        remotes: Remotes | None = None,
    ) -> None:
        """Make the environments; ``remotes`` are closed with them."""
        super().__init__(made, autoreset_mode=autoreset_mode)
        self._inner, self._remotes = [within(env) for env in self.envs], remotes
        kinds = {type(env) for env in self._inner}
        self._kind: Any = kinds.pop() if len(kinds) == 1 and isinstance(self._inner[0], Together) else None
        if self._kind is not None:
            self.envs = list(self._inner)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes: of all environments, or of those that ``options["reset_mask"]`` (N,) bool chooses.

        Raises:
            UsageError: not one seed for each, or no mask.
        """
        seeds = self._seeds(seed)
        options = dict(options) if options is not None else None
        chosen = self._chosen(options.pop("reset_mask", None) if options is not None else None)
        for flags in (self._terminations, self._truncations, self._autoreset_envs):
            flags[chosen] = False
        infos = self._begin(chosen, [seeds[row] for row in chosen], options, {})
        return self._shown(), infos

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Take a step of every environment; those that have ended begin anew as ``autoreset_mode`` says.

        Raises:
            UsageError: without autoreset, an environment that has ended was not reset.
        """
        mode, over = self.autoreset_mode, self._autoreset_envs.copy()
        if mode == AutoresetMode.DISABLED and over.any():
            raise UsageError(f"environments {np.flatnonzero(over).tolist()} have ended: reset them, or set a mode")
        given = list(iterate(self.action_space, actions))
        rows = [row for row in range(self.num_envs) if mode != AutoresetMode.NEXT_STEP or not over[row]]
        found = dict(zip(rows, self._stepped(rows, [given[row] for row in rows]), strict=True))
        infos: dict[str, Any] = {}
        for row, (observation, reward, terminated, truncated, info) in found.items():
            self._env_obs[row], self._rewards[row] = observation, reward
            self._terminations[row], self._truncations[row] = terminated, truncated
            ended = mode == AutoresetMode.SAME_STEP and (terminated or truncated)
            told = {"final_obs": observation, "final_info": info} if ended else info
            infos = self._add_info(infos, told, row)
        fresh = sorted(set(range(self.num_envs)) - set(rows))
        for flags in (self._rewards, self._terminations, self._truncations):
            flags[fresh] = 0
        ended_now = np.flatnonzero(self._terminations | self._truncations).tolist()
        again = fresh + (ended_now if mode == AutoresetMode.SAME_STEP else [])
        infos = self._begin(again, [None] * len(again), None, infos)
        self._autoreset_envs = self._terminations | self._truncations
        return self._shown(), *(v.copy() for v in (self._rewards, self._terminations, self._truncations)), infos

    def close_extras(self, **kwargs: Any) -> None:
        """Close the environments, and end their processes."""
        if self._remotes is not None:
            self._remotes.close()
            self._remotes = None
            return
        super().close_extras(**kwargs)

    def _begin(
        self, rows: Sequence[int], seeds: Sequence[int | None], options: dict[str, Any] | None, infos: dict[str, Any]
    ) -> dict[str, Any]:
        waiting = dict(zip(rows, seeds, strict=True))
        while waiting:
            answers = self._reset_all(list(waiting), list(waiting.values()), options)
            for row, answer in zip(list(waiting), answers, strict=True):
                if not isinstance(answer, Lost):
                    self._env_obs[row], info = answer
                    infos = self._add_info(infos, info, row)
                    del waiting[row]
        return infos

    def _reset_all(self, rows: Sequence[int], seeds: Sequence[int | None], options: Any) -> Sequence[Any]:
        if self._kind is None:
            return [self.envs[row].reset(seed=seed, options=options) for row, seed in zip(rows, seeds, strict=True)]
        answers: Sequence[Any] = self._kind.reset_all([self._inner[r] for r in rows], seeds, [options] * len(rows))
        return answers

    def _stepped(self, rows: Sequence[int], actions: Sequence[Any]) -> list[Answer]:
        if self._kind is None:
            return [self.envs[row].step(action) for row, action in zip(rows, actions, strict=True)]
        answers = self._kind.step_all([self._inner[row] for row in rows], actions) if rows else []
        lost = [(self._env_obs[row], 0.0, False, True, {"lost": True}) for row in rows]
        return [gone if isinstance(found, Lost) else found for found, gone in zip(answers, lost, strict=True)]

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if seed is None or isinstance(seed, int):
            return [None if seed is None else seed + row for row in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise UsageError(f"expected a seed for each of {self.num_envs} environments, got {len(seed)}")
        return list(seed)

    def _chosen(self, mask: object) -> list[int]:
        if mask is None:
            return list(range(self.num_envs))
        if not isinstance(mask, np.ndarray) or mask.dtype != bool or mask.shape != (self.num_envs,) or not mask.any():
            raise UsageError(f"reset_mask must be {self.num_envs} truth values, some true; got {mask!r}")
        found: list[int] = np.flatnonzero(mask).tolist()
        return found

    def _shown(self) -> Any:
        self._observations = concatenate(self.single_observation_space, self._env_obs, self._observations)
        return deepcopy(self._observations) if self.copy else self._observations


def keywords_of(num_envs: int, each: Each | None, kwargs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the keywords of every environment: those of all, and its own of ``each``.

    Raises:
        ConfigError: a keyword has not one value for each.
    """
    for name, values in (each or {}).items():
        if len(values) != num_envs:
            raise ConfigError(f"each={{{name!r}: …}} must have a value for each of {num_envs} environments: {values}")
    return [{**kwargs, **{name: values[row] for name, values in (each or {}).items()}} for row in range(num_envs)]


def vector_env(
    name: str,
    num_envs: int = 1,
    *,
    autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
    each: Each | None = None,
    workers: int | None = None,
    **kwargs: Any,
) -> TogetherVector:
    """Return ``num_envs`` environments of a registered id as one; ``kwargs`` are those of ``gymnasium.make``.

    ``each`` gives keywords that differ: ``each={"environment": [0, 1, 2]}``. ``workers`` processes hold them, 0 none;
    by default one for each core where the environment declares that it is worth them.

    Raises:
        ConfigError: a keyword of ``each`` has not one value for each.
    """
    made = [partial(_single, name, own) for own in keywords_of(num_envs, each, kwargs)]
    if workers is None:
        workers = min(num_envs, available_cores()) if _worth_processes(name) else 0
    if not workers:
        return TogetherVector(made, autoreset_mode)
    remotes = Remotes(_Numbered(made), workers)
    return TogetherVector([partial(remotes.make, row) for row in range(num_envs)], autoreset_mode, remotes)


def __getattr__(name: str) -> Callable[..., gymnasium.vector.VectorEnv[Any, Any, Any]]:
    """Return the vector entry point of an id: an entry point must be text to be written down, and says no more."""
    if "/" not in name:
        raise AttributeError(f"{__name__} has no {name!r}")
    return partial(vector_env, name)


class _Numbered:
    """Makes the environments of a list by number, in whichever process."""

    def __init__(self, made: Sequence[Callable[[], Env]]) -> None:
        self._made = made

    def __call__(self, number: int) -> Env:
        return self._made[number]()


def _single(name: str, kwargs: Mapping[str, Any]) -> Env:
    return gymnasium.make(name, **kwargs)


def _worth_processes(name: str) -> bool:
    creator: Any = gymnasium.envs.registration.load_env_creator(str(gymnasium.spec(name).entry_point))
    if not isinstance(creator, type) or not issubclass(creator, gymnasium.Env):
        return False
    return Facts.read(creator.metadata.get("simplatform", {}), name).processes
