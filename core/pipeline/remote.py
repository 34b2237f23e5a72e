"""Environments in worker processes, stepped at once: one process keeps the policy and its device, and answers them all.

Observations come back through shared memory, all else through a pipe. A worker that dies loses the episodes that its
environments were playing, and they are played again from their beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import gymnasium
import numpy as np

from simplatform.demonstrations.episode import Array
from simplatform.errors import SimplatformError
from simplatform.executors.process import RETRIES
from simplatform.executors.workers import Serve, Worker
from simplatform.pipeline.lockstep import Lost

Env = gymnasium.Env[Any, Any]
Make = Callable[[int], Env]
"""``make(variant)`` builds an environment in a worker; it must be picklable."""


Places = tuple[str, dict[str, tuple[int, tuple[int, ...], str]]]
"""A piece of shared memory, and where in it each array is: offset, shape and type."""


@dataclass(frozen=True)
class _Written:
    """An observation that is in shared memory."""

    places: Places


class Remote(gymnasium.Env[Any, Any]):
    """An environment in a worker process; made by ``Remotes``. Its instances are reset and stepped together."""

    def __init__(self, home: _Home, slot: int) -> None:
        self.home, self.slot = home, slot
        self.observation_space, self.action_space, self.metadata, self.spec = home.ask(("about", slot))

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin an episode."""
        return _one(Remote.reset_all([self], [seed], [options]))

    def step(self, action: Any) -> Any:
        """Carry out an action."""
        return _one(Remote.step_all([self], [action]))

    @classmethod
    def reset_all(
        cls, envs: Sequence[Remote], seeds: Sequence[int | None], options: Sequence[dict[str, Any] | None]
    ) -> list[Any]:
        """Begin episodes in all workers at once; ``Lost`` stands for what a dead one was to answer."""
        return _all("reset", envs, list(zip(seeds, options, strict=True)))

    @classmethod
    def step_all(cls, envs: Sequence[Remote], actions: Sequence[Any]) -> list[Any]:
        """Carry out actions in all workers at once; ``Lost`` stands for what a dead one was to answer."""
        return _all("step", envs, list(actions))


class Remotes:
    """Makes environments in ``workers`` processes, in turn; closed, it ends them."""

    def __init__(self, make: Make, workers: int) -> None:
        self._homes = [_Home(make) for _ in range(workers)]
        self._made = 0

    def make(self, variant: int) -> Env:
        """Return a new environment."""
        home = self._homes[self._made % len(self._homes)]
        self._made += 1
        return Remote(home, home.open(variant))

    def close(self) -> None:
        """End the processes, and free the shared memory."""
        for home in self._homes:
            home.close()


class _Home:
    """One worker process and the environments in it."""

    def __init__(self, make: Make) -> None:
        self._make, self._variants, self.deaths = make, list[int](), 0
        self.worker = Worker(_serving, make)
        self._memory: dict[str, SharedMemory] = {}

    def open(self, variant: int) -> int:
        """Build an environment and return its number here."""
        self._variants.append(variant)
        self.ask(("open", len(self._variants) - 1, variant))
        return len(self._variants) - 1

    def ask(self, request: tuple[Any, ...]) -> Any:
        """Ask the worker and wait."""
        self.worker.send(request)
        return self.worker.receive()

    def revive(self, error: EOFError) -> None:
        """Start the process again, with the same environments."""
        self.deaths += 1
        if self.deaths > RETRIES:
            raise SimplatformError(
                f"a worker process with environments died {self.deaths} times (out of memory?): --workers 1"
            ) from error
        self._free(unlink=True)
        self.worker.end()
        self.worker = Worker(_serving, self._make)
        for slot, variant in enumerate(self._variants):
            self.ask(("open", slot, variant))

    def view(self, written: Places) -> dict[str, Array]:
        """Return a copy of an observation in shared memory."""
        name, places = written
        if name not in self._memory:
            self._memory[name] = SharedMemory(name)
        buffer = self._memory[name].buf
        return {key: np.ndarray(shape, kind, buffer, offset).copy() for key, (offset, shape, kind) in places.items()}

    def close(self) -> None:
        """End the process."""
        with suppress(EOFError):
            self.ask(("close",))
        self._free(unlink=False)
        self.worker.end()

    def _free(self, unlink: bool) -> None:
        for memory in self._memory.values():
            memory.close()
            if unlink:
                memory.unlink()  # the process that made it is dead
        self._memory.clear()


def _all(call: str, envs: Sequence[Remote], given: Sequence[Any]) -> list[Any]:
    """Ask every worker for all of its environments, then gather the answers."""
    homes: dict[int, list[int]] = {}
    for number, env in enumerate(envs):
        homes.setdefault(id(env.home), []).append(number)
    for numbers in homes.values():
        envs[numbers[0]].home.worker.send((call, [(envs[n].slot, given[n]) for n in numbers]))
    answers: list[Any] = [None] * len(envs)
    for numbers in homes.values():
        home = envs[numbers[0]].home
        try:
            found = home.worker.receive()
        except EOFError as error:
            home.revive(error)
            found = [Lost()] * len(numbers)
        for number, answer in zip(numbers, found, strict=True):
            answers[number] = answer if isinstance(answer, Lost) else (_shown(home, answer[0]), *answer[1:])
    return answers


def _shown(home: _Home, observation: Any) -> Any:
    return home.view(observation.places) if isinstance(observation, _Written) else observation


def _one(answers: list[Any]) -> Any:
    if isinstance(answers[0], Lost):
        raise answers[0]
    return answers[0]


def _serving(make: Make) -> Serve:
    """Return what a worker does with requests."""
    envs: dict[int, Env] = {}
    boards: dict[int, _Board] = {}

    def serve(request: tuple[Any, ...]) -> Any:
        call, *rest = request
        if call == "open":
            envs[rest[0]], boards[rest[0]] = make(rest[1]), _Board()
            return None
        if call == "about":
            env = envs[rest[0]]
            return env.observation_space, env.action_space, dict(env.metadata), env.spec
        if call == "close":
            for board in boards.values():
                board.close()
            return None
        return [_answered(envs[slot], boards[slot], call, given) for slot, given in rest[0]]

    return serve


def _answered(env: Env, board: _Board, call: str, given: Any) -> Any:
    answer: Any = env.reset(seed=given[0], options=given[1]) if call == "reset" else env.step(given)
    if not isinstance(answer, tuple) or not answer:
        return (answer,)
    return (board.write(answer[0]), *answer[1:])


class _Board:
    """A piece of shared memory that one environment's observations are written to."""

    def __init__(self) -> None:
        self._memory: SharedMemory | None = None

    def write(self, observation: Any) -> Any:
        """Write an observation of named arrays, and return where it is; anything else goes through the pipe."""
        if not isinstance(observation, dict):
            return observation
        arrays = {key: np.ascontiguousarray(value) for key, value in observation.items()}
        if any(array.dtype.kind not in "biuf" for array in arrays.values()):
            return observation
        places, offset = {}, 0
        for key, array in arrays.items():
            places[key] = (offset, array.shape, array.dtype.str)
            offset += -(-array.nbytes // 64) * 64
        memory = self._room(offset)
        for key, array in arrays.items():
            np.ndarray(array.shape, array.dtype, memory.buf, places[key][0])[...] = array
        return _Written((memory.name, places))

    def close(self) -> None:
        """Free it."""
        if self._memory is not None:
            self._memory.close()
            self._memory.unlink()
            self._memory = None

    def _room(self, size: int) -> SharedMemory:
        if self._memory is None or self._memory.size < size:
            self.close()
            self._memory = SharedMemory(create=True, size=max(size, 1))
        return self._memory
