"""One episode of a policy in an environment: the loop that every method and every problem shares."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import Generator, Tensor

from simplatform.contracts import Observation, Policy
from simplatform.demonstrations import Episode
from simplatform.demonstrations.episode import Array
from simplatform.errors import ContractError
from simplatform.pipeline.border import Border
from simplatform.pipeline.measuring import columns, is_truth

ACTION = "non-finite action"
FRAMES = 60
"""Most frames kept of a recorded episode."""


@dataclass
class Rollout:
    """What an episode left: the episode itself, and how the policy did it.

    ``latencies`` are seconds per call of ``act``; ``chunks[i]`` is the ``(K, *action)`` answer given at step
    ``chunk_steps[i]``; ``frames`` are ``(H, W, 3)`` uint8 where drawing was asked for. ``failure`` says why the episode
    ended early, if it did; ``clipped`` counts actions outside of the action space. ``truths`` are keys of the info that
    only ever held truth values, ``unread`` those that held no number, and what they held. ``thinking`` is how long the
    policy took for all of it, in s. Episodes played in lockstep have the latencies of calls that asked them alone.
    """

    episode: Episode
    latencies: list[float] = field(default_factory=list)
    chunks: list[Array] = field(default_factory=list)
    chunk_steps: list[int] = field(default_factory=list)
    frames: list[Array] = field(default_factory=list)
    failure: str = ""
    clipped: int = 0
    truths: frozenset[str] = frozenset()
    unread: dict[str, str] = field(default_factory=dict)
    thinking: float = 0.0
    before: float = 0.0
    """Seconds of work done before the episode that its answers rest on."""
    doubts: tuple[str, ...] = ()
    """What the policy itself says against its answers."""


class Shown(dict[str, Tensor]):
    """What an environment shows, by name; to ask for anything else is to have the wrong environment."""

    def __missing__(self, key: str) -> Tensor:
        raise ContractError(
            f"the policy asks for an observation {key!r}; this environment shows {', '.join(sorted(self))}: "
            "take a task of the kind that it was trained on"
        )


class History:
    """The last ``observe`` observations as one batch of one episode; the first is repeated at the start."""

    def __init__(self, observe: int, device: torch.device | str) -> None:
        self._device = device
        self._past: deque[dict[str, Tensor]] = deque(maxlen=observe)

    def push(self, observation: Mapping[str, Array]) -> None:
        """Add the newest observation."""
        tensors = {key: torch.as_tensor(np.asarray(value)) for key, value in observation.items()}
        while len(self._past) < (self._past.maxlen or 1) - 1:
            self._past.append(tensors)
        self._past.append(tensors)

    def first(self) -> Observation:
        """Return the newest observation alone, ``(1, 1, ...)``."""
        return Shown({key: value[None, None].to(self._device) for key, value in self._past[-1].items()})

    def batch(self) -> Observation:
        """Return all kept observations, ``(1, observe, ...)``."""
        keys = self._past[-1]
        return Shown({key: torch.stack([past[key] for past in self._past])[None].to(self._device) for key in keys})


def device_of(policy: Policy) -> torch.device:
    """Return the device a policy lives on: that of its parameters or, without any, its buffers; else the CPU."""
    tensors = chain(policy.parameters(), policy.buffers()) if isinstance(policy, torch.nn.Module) else iter(())
    return next(iter(tensors), torch.empty(0)).device


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread: the sums of an episode then do not depend on how many workers share the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def rollout(
    policy: Policy,
    env: gymnasium.Env[Any, Any],
    *,
    seed: int,
    generator: Generator,
    record: bool = False,
    stop: Callable[[Mapping[Any, Any]], bool] = lambda info: False,
    options: dict[str, Any] | None = None,
) -> Rollout:
    """Run one episode to its end.

    ``stop`` may end it early once its outcome is known; ``options`` go to ``reset``. An observation or action that is
    not finite ends the episode as a reported failure. Actions are clipped to the action space; the episode keeps them
    as the policy said them.

    Raises:
        ContractError: the policy's answer, or the environment's, is not what the contract says.
    """
    border = Border(env, policy)
    observation = border.reset(seed, options)
    log = Log(observation)
    history = History(policy.observe, device_of(policy))
    history.push(observation)
    start = time.perf_counter()
    if not border.failure:
        policy.reset(history.first())
    log.thinking = time.perf_counter() - start
    done = bool(border.failure)
    while not done:
        chunk = _act(policy, history, border, generator, log, record)
        if not border.judges and not np.isfinite(chunk).all():
            border.failure = ACTION
            break
        for action in chunk[: policy.execute]:
            if border.judges and not np.isfinite(action).all():
                border.failure = ACTION
            observation, done, info = border.step(action)
            log.add(action, observation, info)
            history.push(observation)
            if record:
                log.draw(env)
            done = done or bool(border.failure) or stop(info)
            if done:
                break
    return log.rollout(seed, border)


def _act(policy: Policy, history: History, border: Border, generator: Generator, log: Log, record: bool) -> Array:
    batch = history.batch()
    start = time.perf_counter()
    with torch.no_grad():
        answer: object = policy.act(batch, generator=generator)
    log.latencies.append(waited(answer, start))
    log.thinking += log.latencies[-1]
    chunk = border.answer(answer)
    if record:
        log.chunks.append(chunk)
        log.chunk_steps.append(len(log.actions))
    return chunk


def waited(answer: object, start: float) -> float:
    """Return the seconds since ``start``, once an answer is there."""
    if isinstance(answer, Tensor) and answer.is_cuda:
        torch.cuda.synchronize(answer.device)
    return time.perf_counter() - start


class Log:
    """Collects an episode while it runs: what was seen, done and told, and how long the policy took."""

    def __init__(self, observation: Mapping[str, Array]) -> None:
        self.observations = [observation]
        self.actions: list[Array] = []
        self.infos: list[Mapping[Any, Any]] = []
        self.latencies: list[float] = []
        self.chunks: list[Array] = []
        self.chunk_steps: list[int] = []
        self.frames: list[Array] = []
        self.thinking = 0.0
        self._stride = 1

    def add(self, action: Array, observation: Mapping[str, Array], info: Mapping[Any, Any]) -> None:
        """Add an action, and what came of it."""
        self.actions.append(action)
        self.observations.append(observation)
        self.infos.append(dict(info))

    def draw(self, env: gymnasium.Env[Any, Any]) -> None:
        """Keep every ``_stride``-th frame; when there are too many, drop every second one and double the stride."""
        if env.render_mode != "rgb_array" or len(self.actions) % self._stride:
            return
        frame = env.render()
        if isinstance(frame, np.ndarray):
            self.frames.append(frame)
        if len(self.frames) >= 2 * FRAMES:
            self.frames, self._stride = self.frames[1::2], 2 * self._stride

    def rollout(self, seed: int, border: Border) -> Rollout:
        """Return the episode so far."""
        keys = self.observations[0]
        observations = {key: np.stack([o[key] for o in self.observations]) for key in keys}
        infos = columns(self.infos)
        space = border.env.action_space
        actions = np.stack(self.actions) if self.actions else np.zeros((0, *(space.shape or ())), space.dtype)
        return Rollout(
            Episode(observations, actions, infos, seed), self.latencies, self.chunks, self.chunk_steps, self.frames,
            border.failure, border.clipped, _truths(self.infos), _unread(self.infos, infos), self.thinking,
        )  # fmt: skip


def _truths(infos: list[Mapping[Any, Any]]) -> frozenset[str]:
    """Return the keys that only ever held truth values; which those are is looked for in the last info."""
    likely = [key for key, value in infos[-1].items() if is_truth(value)] if infos else []
    return frozenset(str(key) for key in likely if all(is_truth(info[key]) for info in infos if key in info))


def _unread(infos: list[Mapping[Any, Any]], found: Mapping[str, Array]) -> dict[str, str]:
    """Return the keys that never held a number, and what they held last."""
    keys = [key for key in {key: None for info in infos for key in info} if str(key) not in found]
    held = {str(key): info[key] for info in infos for key in keys if key in info} if keys else {}
    return {key: f"{type(value).__name__} {str(value)[:40]!r}" for key, value in held.items()}
