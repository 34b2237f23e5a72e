"""Shards: episodes as pure data, and the module-level function that runs one in any process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import gymnasium

from simplatform.contracts import Metric, Policy, Solving, Task
from simplatform.errors import ContractError, SimplatformError
from simplatform.pipeline.environments import episodes_of, make_env, make_expert, show, signature_of
from simplatform.pipeline.lockstep import Play
from simplatform.pipeline.measuring import SECONDS, reached, reduce_metric
from simplatform.pipeline.rollout import Rollout, one_thread, rollout
from simplatform.runs.checkpoint import read_policy, read_signature
from simplatform.runs.fingerprint import data_fingerprint, data_fingerprints


@dataclass(frozen=True)
class EpisodeShard:
    """One episode to run: the task (as JSON, with whatever was changed in it) and split, its number, and who acts.

    ``checkpoint`` is a path; without one the task's expert acts. ``changes`` are its changed settings, as JSON. An
    episode that may ``stop_early`` and is not recorded is evaluated alone: of observations only those are made that
    the policy reads, where both environment and policy can say so.
    """

    task: str
    split: str
    seed: int
    episode: int
    checkpoint: str | None = None
    device: str = "cpu"
    record: bool = False
    stop_early: bool = False
    changes: str = "{}"


def episode_shard(
    task: Task, split: str, seed: int, episode: int, *, changes: Mapping[str, Any] | None = None, **options: Any
) -> EpisodeShard:
    """Return the shard of one episode of a task; ``options`` are the remaining fields of ``EpisodeShard``."""
    texts = json.dumps(asdict(task), sort_keys=True), json.dumps(dict(changes or {}), sort_keys=True)
    return EpisodeShard(texts[0], split, seed, episode, changes=texts[1], **options)


def run_episode(shard: EpisodeShard) -> Rollout:
    """Run one episode; environments and policies are kept for the next shard of the same kind, and the same files."""
    task, env = task_of(shard), env_of(shard)
    place = (task, shard.split, shard.seed, shard.episode, shard.record, shard.stop_early)
    with acting(shard, env) as policy:
        show(env, policy, everything=shard.record or not shard.stop_early)
        return play(policy, env, *place)


def task_of(shard: EpisodeShard) -> Task:
    """Return a shard's task."""
    return _task(shard.task)


def env_of(shard: EpisodeShard) -> gymnasium.Env[Any, Any]:
    """Return the environment of a shard, kept for the next one of its kind."""
    return _kept(shard)[0]


def making_of(shard: EpisodeShard) -> float:
    """Return how long the environment of a shard took to make, in s."""
    return _kept(shard)[1]


def _kept(shard: EpisodeShard) -> tuple[gymnasium.Env[Any, Any], float]:
    task = task_of(shard)
    return _env(shard.task, shard.split, shard.episode % len(task.variants), shard.record, _files(task))


def policy_of(shard: EpisodeShard) -> Policy | None:
    """Return the policy of a shard's checkpoint, kept for the next shard; None where the task's expert acts."""
    if shard.checkpoint is None:
        return None
    return _policy(shard.checkpoint, shard.device, shard.changes, data_fingerprint(shard.checkpoint))


@contextmanager
def acting(shard: EpisodeShard, env: gymnasium.Env[Any, Any]) -> Iterator[Policy]:
    """Give who acts in an environment; an error tells where else the policy was trained."""
    policy = policy_of(shard)
    if policy is None or shard.checkpoint is None:
        yield make_expert(task_of(shard), env)
        return
    with _trained_elsewhere(Path(shard.checkpoint), env):
        yield policy


def play(
    policy: Policy,
    env: gymnasium.Env[Any, Any],
    task: Task | None,
    split: str,
    seed: int,
    episode: int,
    record: bool = False,
    stop_early: bool = False,
) -> Rollout:
    """Run episode number ``episode`` of a split with its own seed; returns it with its metrics filled in.

    An environment whose episodes are limited begins the one of this number, counted per variant.
    """
    one = Play.of(task, split, seed, episode, episodes_of(env) is not None)
    stop = decided(task) if stop_early else None
    with one_thread():
        result = rollout(
            policy, env, seed=one.seed, generator=one.generator, record=record, stop=stop or (lambda info: False),
            options=one.options,
        )  # fmt: skip
    if isinstance(policy, Solving):
        result.before, result.doubts = policy.seconds_before, policy.doubts
    return scored(result, task, one)


def scored(result: Rollout, task: Task | None, one: Play) -> Rollout:
    """Return an episode with its variant and metrics filled in."""
    metrics = {m.name: _measured(m, result) for m in task.metrics} if task else {}
    result.episode = replace(result.episode, variant=one.variant, metrics=metrics)
    return result


def _measured(metric: Metric, result: Rollout) -> float:
    if metric.key == SECONDS:
        return result.thinking + result.before
    return reduce_metric(metric, result.episode, result.failure)


def decided(task: Task | None) -> Callable[[Mapping[Any, Any]], bool] | None:
    """Return a test that says when a success that counts "at any step" is reached: nothing after can change it."""
    metric = task.metric if task is not None and task.metrics else None
    if metric is None or metric.over != "any":
        return None
    return lambda info: reached(metric, info)


@contextmanager
def _trained_elsewhere(checkpoint: Path, env: gymnasium.Env[Any, Any]) -> Iterator[None]:
    """Name the shapes of both sides where an error comes up in an environment other than the policy's own."""
    try:
        yield
    except SimplatformError:
        raise
    except Exception as error:
        trained, shown = read_signature(checkpoint), signature_of(env)
        if (trained.observation, trained.action) == (shown.observation, shown.action):
            raise
        raise ContractError(
            f"{type(error).__name__}: {error}. The policy was trained on observations {dict(trained.observation)} for "
            f"actions {trained.action}, and this environment has {dict(shown.observation)} and {shown.action}: "
            "take a task like the one that it was trained on"
        ) from error


def _files(task: Task) -> str:
    return json.dumps(data_fingerprints(task.kwargs))


@lru_cache(maxsize=8)
def _task(text: str) -> Task:
    values = json.loads(text)
    tuples = {key: tuple(values[key]) for key in ("variants", "extra_splits", "opponents", "rivals")}
    return Task(**{**values, **tuples, "metrics": tuple(Metric(**metric) for metric in values["metrics"])})


@lru_cache(maxsize=8)
def _env(task: str, split: str, variant: int, render: bool, files: str) -> tuple[gymnasium.Env[Any, Any], float]:
    start = time.perf_counter()
    return make_env(_task(task), split, variant, render=render), time.perf_counter() - start


@lru_cache(maxsize=2)
def _policy(checkpoint: str, device: str, changes: str, files: str) -> Policy:
    return read_policy(Path(checkpoint), device, json.loads(changes))
