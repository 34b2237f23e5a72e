"""Collect: the expert acts in the environment, and its episodes become demonstrations. Cached by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from simplatform.contracts import Task
from simplatform.demonstrations import Demonstrations, Episode, store
from simplatform.errors import DataError
from simplatform.executors import Executor, executor
from simplatform.pipeline.environments import make_env
from simplatform.pipeline.shards import EpisodeShard, episode_shard, run_episode
from simplatform.plugin_host.host import get_host
from simplatform.report.statistics import Estimate, wilson
from simplatform.runs.cache import cache_root
from simplatform.runs.files import exclusive
from simplatform.runs.fingerprint import code_fingerprint, data_fingerprints

OnEpisode = Callable[[int, int], None]


@dataclass(frozen=True)
class Collected:
    """Demonstrations, where they lie, how the expert did, and whether they were there already."""

    demonstrations: Demonstrations
    path: Path
    expert: Estimate | None
    cached: bool


def collect(
    task: Task,
    *,
    count: int,
    seed: int,
    split: str = "train",
    attempts: int = 5,
    workers: int = 1,
    kind: str = "",
    on_episode: OnEpisode = lambda kept, tried: None,
    root: Path | None = None,
) -> Collected:
    """Return ``count`` expert episodes of a task's split, from the cache where it has them.

    Episodes that miss the task's ``keep`` rate are dropped, and up to ``attempts`` episodes are tried for each one
    kept.
    ``workers`` and ``kind`` choose the executor (see ``simplatform.executors``); the result does not depend on them.

    Raises:
        DataError: the expert does not reach the number.
    """
    key = _key(task, count, seed, split, attempts)
    path = (root or cache_root() / "demonstrations") / key
    found = _cached(path)
    if found is not None:
        return found
    with exclusive(path):  # another run of a sweep may be collecting the same set
        found = _cached(path)
        if found is not None:
            return found
        shards = (episode_shard(task, split, seed, number) for number in range(count * attempts))
        episodes = _batched(shards, executor(workers, kind), count)
        demonstrations = _gather(task, count, split, seed, episodes, on_episode)
        if not path.exists():
            store.save(demonstrations, path, make_env(task, split))
    return Collected(demonstrations, path, _expert_rate(demonstrations), cached=False)


def _cached(path: Path) -> Collected | None:
    """Return the set at ``path``; a damaged one is moved aside."""
    if not (path / store.CARD).exists():
        return None
    try:
        found = store.load(path)
    except DataError:
        _aside(path)
        return None
    return Collected(found, path, _expert_rate(found), cached=True)


def _gather(
    task: Task, count: int, split: str, seed: int, episodes: Iterator[Episode], on_episode: OnEpisode
) -> Demonstrations:
    kept: list[Episode] = []
    tried = successes = 0
    while len(kept) < count:
        episode = next(episodes, None)
        if episode is None:
            raise DataError(
                f"the expert of {task.name} reached {task.keep!r} in {len(kept)} of {tried} episodes; {count} are "
                f"wanted. Ask for fewer (--set task.demonstrations={max(len(kept), 1)}) or allow more "
                "(--set task.attempts=20)."
            )
        tried += 1
        good = task.keep is None or episode.metrics[task.keep] >= 0.5
        successes += good
        if good and len(episode):
            kept.append(episode)
        on_episode(len(kept), tried)
    source = {"task": task.name, "expert": task.expert, "split": split, "seed": seed, "env": dict(task.kwargs)}
    counts = {"tried": tried, "successes": None if task.keep is None else successes}
    return Demonstrations(kept, {**source, **counts})


def _batched(shards: Iterator[EpisodeShard], pool: Executor, count: int) -> Iterator[Episode]:
    """Run shards in order, never more at once than may be needed."""
    while batch := list(islice(shards, count)):
        for result in pool.map(run_episode, batch):
            yield result.episode


def _expert_rate(demonstrations: Demonstrations) -> Estimate | None:
    """Return how often the expert succeeded, where the task says what success is."""
    tried, successes = demonstrations.source.get("tried"), demonstrations.source.get("successes")
    return None if tried is None or successes is None else wilson(int(successes), int(tried))


def _key(task: Task, count: int, seed: int, split: str, attempts: int) -> str:
    from simplatform import __version__

    settings: dict[str, Any] = {
        "task": task.name, "env": task.env, "expert": task.expert, "kwargs": dict(task.kwargs), "keep": task.keep,
        "variants": [dict(v) for v in task.variants], "split": [split, dict(task.splits.get(split, {}))],
        "count": count, "seed": seed, "attempts": attempts, "version": __version__, "code": code_of(task),
    }  # fmt: skip
    if files := data_fingerprints(task.kwargs):
        settings["files"] = files
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:12]
    return f"{task.name.replace('/', '-')}-{split}-{count}-s{seed}-{digest}"


def code_of(task: Task) -> list[str]:
    """Return fingerprints of the code that makes the episodes: a changed environment collects again."""
    import gymnasium

    host = get_host()
    host.register_environments()
    targets = (gymnasium.spec(task.env).entry_point, host.registry("expert").get(task.expert).target)
    return [code_fingerprint(target) for target in targets if isinstance(target, str)]


def _aside(path: Path) -> None:
    """Move a damaged set out of the way; it is kept, because it may hold somebody's work."""
    number = 1
    while (other := path.with_name(f"{path.name}.damaged{number}")).exists():
        number += 1
    path.rename(other)
