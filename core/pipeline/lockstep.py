"""Episodes in lockstep: many environments, one ``act`` for all of them, and no number that depends on how many.

Rows that end are filled with the next episodes, so that the batch stays full; memory holds as many episodes as there
are rows. A policy that keeps something from ``reset`` on ("together") is given a wave of episodes that begin at once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import Generator

from simplatform.contracts import Policy, Task, Together
from simplatform.demonstrations.episode import Array
from simplatform.noise import EpisodeNoise
from simplatform.pipeline.border import Border, checked
from simplatform.pipeline.rollout import ACTION, Log, Rollout, Shown, device_of, waited
from simplatform.seeding import episode_seed, torch_generator

Env = gymnasium.Env[Any, Any]
Stop = Callable[[Mapping[Any, Any]], bool]


@dataclass(frozen=True)
class Play:
    """One episode to play: all that decides it. ``options`` go to ``reset``."""

    number: int
    variant: int
    seed: int
    generator: Generator
    options: dict[str, Any] | None = None

    @classmethod
    def of(cls, task: Task | None, split: str, seed: int, episode: int, numbered: bool) -> Play:
        """Return episode ``episode`` of a split; ``numbered`` says that the environment is told which one it is."""
        variants = len(task.variants) if task is not None else 1
        options = {"episode": episode // variants} if numbered else None
        generator = torch_generator(seed, f"act/{split}", episode)
        return cls(episode, episode % variants, episode_seed(seed, split, episode), generator, options)

    def again(self) -> Play:
        """Return the same episode from its beginning."""
        return replace(self, generator=Generator().manual_seed(self.generator.initial_seed()))


class Lost(Exception):
    """The process of an environment died: its episode is to be played again."""


class Stable:
    """Environments by variant, made when they are first needed and kept for the next episode of their kind."""

    def __init__(self, make: Callable[[int], Env]) -> None:
        self._make, self._free = make, dict[int, list[Env]]()

    def take(self, variant: int) -> Env:
        """Return an environment that nobody else has."""
        free = self._free.get(variant)
        return free.pop() if free else self._make(variant)

    def give(self, variant: int, env: Env) -> None:
        """Take an environment back."""
        self._free.setdefault(variant, []).append(env)


class _Row:
    """An episode that is being played."""

    def __init__(self, play: Play, env: Env, policy: Policy) -> None:
        self.play, self.policy, self.border = play, policy, Border(env, policy)
        self.inner = within(env)
        self.queue: deque[Array] = deque()
        self.past: deque[dict[str, Array]] = deque(maxlen=policy.observe)
        self.ended = self.lost = False

    def begin(self, observation: dict[str, Array]) -> None:
        """See the first observation."""
        self.log = Log(observation)
        self.past.extend([observation] * self.policy.observe)
        self.shapes = tuple((key, value.shape, value.dtype) for key, value in sorted(observation.items()))
        self.ended = bool(self.border.failure)

    def end(self) -> None:
        """Let the episode end."""
        self.ended = True
        self.queue.clear()

    def think(self, chunk: Array) -> None:
        """Take an answer ``(K, *action)`` in the action space's type."""
        if not self.border.judges and not np.isfinite(chunk).all():
            self.border.failure = ACTION
            self.end()
            return
        self.queue.extend(chunk[: self.policy.execute])

    def acted(self, action: Array, finite: bool, answer: object, stop: Stop | None, seen: bool) -> None:
        """See what came of an action; ``finite`` is the action, and ``seen`` says that what is shown is known to be."""
        if isinstance(answer, Lost):
            self.lost = True
            self.end()
            return
        if self.border.judges and not finite:
            self.border.failure = ACTION
        observation, done, info = self.border.stepped(answer, seen)
        self.log.add(action, observation, info)
        self.past.append(observation)
        if done or self.border.failure or (stop is not None and stop(info)):
            self.end()

    def result(self) -> Rollout:
        """Return the episode."""
        return self.log.rollout(self.play.seed, self.border)


def lockstep(
    policy_of: Callable[[Env], Policy],
    stable: Stable,
    plays: Sequence[Play],
    width: int,
    stop: Stop | None = None,
    together: bool = False,
    alone: int = 0,
) -> Iterator[tuple[Play, Rollout]]:
    """Play episodes, at most ``width`` at once, and yield each as it ends.

    ``policy_of(env)`` is one policy for all environments, which declares ``Lockstep`` (``together`` says which kind);
    or, as for experts, one policy for each environment. In each of the first ``alone`` rounds one row is asked by
    itself, so that latency is measured; not of ``together``, which want a wave to stay whole.

    Raises:
        ContractError: see ``rollout``.
    """
    pending = deque(plays)
    while together and pending:
        wave = _begun(policy_of, stable, [pending.popleft() for _ in range(min(width, len(pending)))])
        yield from _finished(wave, stable)
        for group in _groups([row for row in wave if not row.ended]):
            _tell(group)
            yield from _played(group, stable, stop)
        pending.extendleft(row.play.again() for row in wave if row.lost)
    rows: list[_Row] = []
    while pending or rows:
        new = _begun(policy_of, stable, [pending.popleft() for _ in range(min(width - len(rows), len(pending)))])
        for group in _groups([row for row in new if not row.ended]):
            _tell(group)
        rows += new
        waiting = [row for row in rows if not row.ended and not row.queue]
        if alone and waiting:
            alone -= 1
            _think([waiting.pop(0)])
        _think(waiting)
        _step([row for row in rows if not row.ended], stop)
        yield from _finished(rows, stable)
        pending.extendleft(row.play.again() for row in rows if row.lost)
        rows = [row for row in rows if not row.ended]


def _played(group: Sequence[_Row], stable: Stable, stop: Stop | None) -> Iterator[tuple[Play, Rollout]]:
    """Play a wave to its end; the policy always sees all of its rows."""
    while live := [row for row in group if not row.ended]:
        if not live[0].queue:
            _think(group)
        _step([row for row in live if not row.ended], stop)
        yield from _finished(live, stable)


def _finished(rows: Iterable[_Row], stable: Stable) -> Iterator[tuple[Play, Rollout]]:
    """Yield the rows that have ended, and give their environments back."""
    for row in rows:
        if row.ended:
            stable.give(row.play.variant, row.border.env)
        if row.ended and not row.lost:
            yield row.play, row.result()


def _begun(policy_of: Callable[[Env], Policy], stable: Stable, plays: Sequence[Play]) -> list[_Row]:
    """Begin episodes."""
    rows = []
    for play in plays:
        env = stable.take(play.variant)
        rows.append(_Row(play, env, policy_of(env)))
    waiting = rows
    while waiting:
        answers = _resets(waiting)
        for row, answer in zip(waiting, answers, strict=True):
            if not isinstance(answer, Lost):
                row.begin(row.border.began(answer))
        waiting = [row for row, answer in zip(waiting, answers, strict=True) if isinstance(answer, Lost)]
    return rows


def _resets(rows: Sequence[_Row]) -> list[object]:
    kind, plays = _kind(rows), [row.play for row in rows]
    if kind is not None:
        return list(kind.reset_all([row.inner for row in rows], [p.seed for p in plays], [p.options for p in plays]))
    return [row.inner.reset(seed=play.seed, options=play.options) for row, play in zip(rows, plays, strict=True)]


def _tell(group: Sequence[_Row]) -> None:
    """Tell the policy that these episodes begin."""
    start = time.perf_counter()
    group[0].policy.reset(_observed(group, newest=True))
    for row in group:
        row.log.thinking += (time.perf_counter() - start) / len(group)


def _think(rows: Sequence[_Row]) -> None:
    """Ask for actions: all rows of one shape in one call."""
    for group in _groups(rows):
        policy, start = group[0].policy, time.perf_counter()
        noise, seen = EpisodeNoise([row.play.generator for row in group]), _observed(group)
        called = time.perf_counter()
        with torch.no_grad():
            answer: object = policy.act(seen, generator=noise)
        if len(group) == 1:
            group[0].log.latencies.append(waited(answer, called))
        chunks = checked(answer, policy, len(group), group[0].border.env.action_space.shape or ())
        chunks, share = group[0].border.typed(chunks), (time.perf_counter() - start) / len(group)
        for row, chunk in zip(group, chunks, strict=True):
            row.log.thinking += share
            if not row.ended:
                row.think(chunk)


def _step(rows: Sequence[_Row], stop: Stop | None) -> None:
    """Carry out the next action of each row."""
    rows = [row for row in rows if row.queue]
    actions, kind = [row.queue.popleft() for row in rows], _kind(rows)
    inside = [row.border.within(action) for row, action in zip(rows, actions, strict=True)]
    if kind is not None:
        answers: list[Any] = list(kind.step_all([row.inner for row in rows], inside))
    else:
        answers = [row.inner.step(action) for row, action in zip(rows, inside, strict=True)]
    seen = kind is not None and _all_finite(answers)
    for row, action, good, answer in zip(rows, actions, _finite(actions), answers, strict=True):
        row.acted(action, good, answer, stop, seen)


def _all_finite(answers: Sequence[Any]) -> bool:
    """Return whether all that environments of one kind show holds numbers and is finite; False where nobody can say."""
    try:
        shown = [answer[0] for answer in answers]
        return all(bool(np.isfinite(np.array([one[key] for one in shown])).all()) for key in shown[0])
    except (TypeError, ValueError, KeyError, IndexError):  # what it is, each row's own border tells
        return False


def _finite(actions: Sequence[Array]) -> list[bool]:
    """Return which actions are finite."""
    if len({action.shape for action in actions}) != 1:
        return [bool(np.isfinite(action).all()) for action in actions]
    found: list[bool] = np.isfinite(np.stack(actions)).reshape(len(actions), -1).all(1).tolist()
    return found


def _groups(rows: Sequence[_Row]) -> list[list[_Row]]:
    """Return rows that can be asked in one call: those of one policy that see arrays of the same shapes."""
    found: dict[tuple[Any, ...], list[_Row]] = {}
    for row in rows:
        found.setdefault((id(row.policy), row.border.env.action_space.dtype, *row.shapes), []).append(row)
    return list(found.values())


def _observed(rows: Sequence[_Row], newest: bool = False) -> Shown:
    """Return the observations of rows as one batch ``(B, T, ...)`` on the policy's device."""
    device, shown = device_of(rows[0].policy), {}
    for key in rows[0].past[-1]:
        parts = [[seen[key] for seen in ([row.past[-1]] if newest else row.past)] for row in rows]
        shown[key] = torch.as_tensor(np.array(parts)).to(device)
    return Shown(shown)


def _kind(rows: Sequence[_Row]) -> Any:
    """Return the class that resets and steps all these environments at once, if there is one."""
    kinds = {type(row.inner) for row in rows}
    return kinds.pop() if len(kinds) == 1 and steps_together(rows[0].inner) else None


def steps_together(env: Env) -> bool:
    """Return whether environments of this kind are stepped in one call: no wrapper is between that changes anything."""
    inner = within(env)
    return isinstance(inner, Together) and inner.unwrapped is inner


def within(env: Env) -> Env:
    """Return what is within wrappers that only watch."""
    while isinstance(env, gymnasium.wrappers.OrderEnforcing | gymnasium.wrappers.PassiveEnvChecker):
        env = env.env
    return env
