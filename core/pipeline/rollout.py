"""One episode of a policy in an environment: the loop that every method and every problem shares."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import Generator, Tensor

from simplatform.contracts import Observation, Policy
from simplatform.demonstrations import Episode
from simplatform.demonstrations.episode import Array
from simplatform.errors import ContractError

FRAMES = 60
"""Most frames kept of a recorded episode."""


@dataclass
class Rollout:
    """What an episode left: the episode itself, and how the policy did it.

    ``latencies`` are seconds per call of ``act``; ``chunks[i]`` is the ``(K, *action)`` answer given at step
    ``chunk_steps[i]``; ``frames`` are ``(H, W, 3)`` uint8 where drawing was asked for. ``failure`` says why the episode
    ended early, if it did.
    """

    episode: Episode
    latencies: list[float] = field(default_factory=list)
    chunks: list[Array] = field(default_factory=list)
    chunk_steps: list[int] = field(default_factory=list)
    frames: list[Array] = field(default_factory=list)
    failure: str = ""


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
    """Return the device a policy lives on; one without parameters lives on the CPU."""
    tensors = policy.parameters() if isinstance(policy, torch.nn.Module) else iter(())
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
    stop: Callable[[Mapping[str, Any]], bool] = lambda info: False,
) -> Rollout:
    """Run one episode to its end.

    ``stop`` may end it early once its outcome is known. A non-finite action ends the episode as a reported failure.

    Raises:
        ContractError: the policy's answer has the wrong shape.
    """
    observation, _ = env.reset(seed=seed)
    log = _Log(observation)
    history = History(policy.observe, device_of(policy))
    history.push(observation)
    policy.reset(history.first())
    done = False
    while not done:
        chunk = _act(policy, history, env, generator, log, record)
        if not np.isfinite(chunk).all():
            log.failure = "non-finite action"
            break
        for action in chunk[: policy.execute]:
            observation, done, info = _step(env, action)
            log.add(action, observation, info)
            history.push(observation)
            if record:
                log.draw(env)
            done = done or stop(info)
            if done:
                break
    return log.rollout(seed)


def _act(
    policy: Policy, history: History, env: gymnasium.Env[Any, Any], generator: Generator, log: _Log, record: bool
) -> Array:
    batch = history.batch()
    start = time.perf_counter()
    with torch.no_grad():
        answer = policy.act(batch, generator=generator)
    if answer.is_cuda:
        torch.cuda.synchronize(answer.device)
    log.latencies.append(time.perf_counter() - start)
    chunk = _checked(answer, env, policy)
    if record:
        log.chunks.append(chunk)
        log.chunk_steps.append(len(log.actions))
    return chunk


def _checked(answer: Tensor, env: gymnasium.Env[Any, Any], policy: Policy) -> Array:
    shape = env.action_space.shape or ()
    if not isinstance(answer, Tensor) or answer.shape[2:] != shape or answer.shape[0] != 1:
        got = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        raise ContractError(f"{type(policy).__name__}.act must return (1, K, *{shape}), got {got}")
    if answer.shape[1] < policy.execute:
        raise ContractError(
            f"{type(policy).__name__}.execute is {policy.execute}, but act returned {answer.shape[1]} actions"
        )
    chunk: Array = answer[0].detach().cpu().numpy().astype(env.action_space.dtype)
    return chunk


def _step(env: gymnasium.Env[Any, Any], action: Array) -> tuple[Mapping[str, Array], bool, Mapping[str, Any]]:
    observation, _, terminated, truncated, info = env.step(action)
    return observation, bool(terminated or truncated), info


class _Log:
    """Collects an episode while it runs."""

    def __init__(self, observation: Mapping[str, Array]) -> None:
        self.observations = [observation]
        self.actions: list[Array] = []
        self.infos: list[dict[str, float]] = []
        self.latencies: list[float] = []
        self.chunks: list[Array] = []
        self.chunk_steps: list[int] = []
        self.frames: list[Array] = []
        self.failure = ""
        self._stride = 1

    def add(self, action: Array, observation: Mapping[str, Array], info: Mapping[str, Any]) -> None:
        self.actions.append(action)
        self.observations.append(observation)
        self.infos.append({key: float(value) for key, value in info.items() if _is_number(value)})

    def draw(self, env: gymnasium.Env[Any, Any]) -> None:
        """Keep every ``_stride``-th frame; when there are too many, drop every second one and double the stride."""
        if env.render_mode != "rgb_array" or len(self.actions) % self._stride:
            return
        frame = env.render()
        if isinstance(frame, np.ndarray):
            self.frames.append(frame)
        if len(self.frames) >= 2 * FRAMES:
            self.frames, self._stride = self.frames[1::2], 2 * self._stride

    def rollout(self, seed: int) -> Rollout:
        keys = self.observations[0]
        observations = {key: np.stack([np.asarray(o[key]) for o in self.observations]) for key in keys}
        names = sorted({name for info in self.infos for name in info})
        infos = {name: np.array([info.get(name, np.nan) for info in self.infos]) for name in names}
        actions = np.stack(self.actions) if self.actions else np.zeros((0, 1), np.float32)
        episode = Episode(observations, actions, infos, seed)
        return Rollout(episode, self.latencies, self.chunks, self.chunk_steps, self.frames, self.failure)


def _is_number(value: Any) -> bool:
    return isinstance(value, bool | int | float | np.number) or (isinstance(value, np.ndarray) and value.ndim == 0)
