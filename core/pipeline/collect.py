"""Collect: the expert acts in the environment, and its episodes become demonstrations. Cached by content."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from simplatform.contracts import Task
from simplatform.demonstrations import Demonstrations, Episode, store
from simplatform.demonstrations.episode import Joined
from simplatform.errors import DataError
from simplatform.pipeline.allocate import Allocation
from simplatform.pipeline.batches import run_shards
from simplatform.pipeline.environments import available, make_env
from simplatform.pipeline.measuring import require_reported
from simplatform.pipeline.rollout import Rollout
from simplatform.pipeline.shards import EpisodeShard, episode_shard
from simplatform.plugin_host.host import get_host
from simplatform.plugin_host.registry import resolve as load
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
    allocate: str = "",
    workers: int = 1,
    kind: str = "",
    on_episode: OnEpisode = lambda kept, tried: None,
    root: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Collected:
    """Return ``count`` expert episodes of a task's split, from the cache where it has them.

    Episodes that miss the task's ``keep`` rate are dropped, and up to ``attempts`` episodes are tried for each one
    kept.
    ``allocate`` shares them out among the task's variants (``simplatform.pipeline.allocate``): "uniform" or "prop2diff"
    in place of equal trials of each. ``count`` is then what all are to give together, at least; variants that stay
    short of their share are named, and are no error.
    ``workers`` and ``kind`` choose the executor (see ``simplatform.executors``); the result does not depend on them.

    Raises:
        DataError: the expert does not reach the number.
    """
    if task.recorded:
        return _recorded(task, count, split, seed)
    key = _key(task, count, seed, split, attempts, allocate)
    path = (root or cache_root() / "demonstrations") / key
    found = _cached(path, say)
    if found is not None:
        return found
    with exclusive(path, say):  # another run of a sweep may be collecting the same set
        found = _cached(path, say)
        if found is not None:
            return found
        there = available(task, split)
        if there is not None and count > there:
            setting = "validation" if split == "validation" else "demonstrations"
            raise DataError(
                f"{task.name}: {split} has {there} distinct episode{'s' * (there != 1)}, {count} demonstrations were "
                f"asked for: ask for as many (--set task.{setting}={there})"
            )
        on_episode(0, 0)  # the first episode may take long
        if allocate:
            wanted = Allocation(allocate, len(task.variants), count, attempts)
            run = partial(run_shards, workers=workers, kind=kind)
            demonstrations = _gather_shared(task, wanted, split, seed, run, on_episode, say)
        else:
            tries = count * attempts if there is None else there
            shards = (episode_shard(task, split, seed, number) for number in range(tries))
            episodes = _batched(shards, workers, kind, count)
            demonstrations = _gather(task, count, split, seed, episodes, on_episode)
        if not path.exists():
            store.save(demonstrations, path, make_env(task, split))
    return Collected(demonstrations, path, _expert_rate(demonstrations), cached=False)


def _recorded(task: Task, count: int, split: str, seed: int) -> Collected:
    """Return the demonstrations of a task that are recorded already, from where they lie."""
    kwargs = task.env_kwargs(split, 0)
    found: Demonstrations = load(task.recorded)(kwargs)
    if count > len(found):
        raise DataError(f"{task.name}: {split} has {len(found)} recorded episodes, {count} were asked for")
    about = {"task": task.name, "expert": task.expert, "split": split, "seed": seed, "env": kwargs}
    found = found.part(0, count) if isinstance(found, Joined) else found[:count]
    found.source = {**found.source, **about}
    return Collected(found, Path(str(kwargs.get("path", task.name))), None, cached=True)


def _cached(path: Path, say: Callable[[str], None]) -> Collected | None:
    """Return the set at ``path``; a damaged one is moved aside."""
    if not (path / store.CARD).exists():
        return None
    try:
        found = store.load(path)
    except DataError as error:
        say(f"{error} It is kept as {_aside(path).name}, and collected again.")
        return None
    return Collected(found, path, _expert_rate(found), cached=True)


def _gather(
    task: Task, count: int, split: str, seed: int, episodes: Iterator[Rollout], on_episode: OnEpisode
) -> Demonstrations:
    kept: list[Episode] = []
    tried = successes = 0
    failures: Counter[str] = Counter()
    while len(kept) < count:
        result = next(episodes, None)
        if result is None:
            raise DataError(_too_few(task, len(kept), tried, count, failures))
        tried += 1
        episode = result.episode
        failures.update([result.failure] if result.failure else [])
        good = _good(result, task)
        successes += good
        if good and len(episode):
            kept.append(episode)
        on_episode(len(kept), tried)
    require_reported(task.metrics, {name for episode in kept for name in episode.infos}, task.name, {})
    source = {"task": task.name, "expert": task.expert, "split": split, "seed": seed, "env": dict(task.kwargs)}
    counts = {"tried": tried, "successes": None if task.keep is None else successes, "failed": failures.total()}
    return Demonstrations(kept, {**source, **counts})


def _gather_shared(
    task: Task,
    allocation: Allocation,
    split: str,
    seed: int,
    run: Callable[[list[EpisodeShard]], Iterable[Rollout]],
    on_episode: OnEpisode,
    say: Callable[[str], None],
) -> Demonstrations:
    """Return the demonstrations that an allocation asks for, in the order of their numbers."""
    kept: list[Episode] = []
    while batch := allocation.batch():
        numbers, before = [], list(allocation.tried)
        for variant in batch:
            numbers.append(variant + before[variant] * len(task.variants))
            before[variant] += 1
        for variant, result in zip(batch, run([episode_shard(task, split, seed, n) for n in numbers]), strict=True):
            good = _good(result, task) and len(result.episode) > 0
            allocation.tell(variant, good)
            kept.extend([result.episode] if good else [])
            on_episode(len(kept), sum(allocation.tried))
    allocation.require_some(task.name)
    if allocation.short:
        told = [f"{v} ({allocation.kept[v]} of {allocation.goal[v]})" for v in allocation.short]
        say(f"variants of {task.name} with fewer demonstrations than their share: {', '.join(told)}")
    chosen = _first(kept, allocation.goal)
    require_reported(task.metrics, {name for episode in chosen for name in episode.infos}, task.name, {})
    source = {"task": task.name, "expert": task.expert, "split": split, "seed": seed, "env": dict(task.kwargs)}
    shared = {"rule": allocation.rule, "tried": allocation.tried, "kept": allocation.kept, "wanted": allocation.goal}
    counts = {"tried": sum(allocation.tried), "successes": sum(allocation.kept), "failed": 0}
    return Demonstrations(chosen, {**source, **counts, "allocation": shared})


def _first(kept: list[Episode], goal: list[int]) -> list[Episode]:
    """Return as many episodes of each variant as are wanted, the first ones, in turn."""
    by_variant = [[episode for episode in kept if episode.variant == v][:number] for v, number in enumerate(goal)]
    return [own[turn] for turn in range(max(goal)) for own in by_variant if turn < len(own)]


def _good(result: Rollout, task: Task) -> bool:
    return not result.failure and (task.keep is None or result.episode.metrics[task.keep] >= 0.5)


def _too_few(task: Task, kept: int, tried: int, count: int, failures: Counter[str]) -> str:
    """Say why there are too few demonstrations, and what helps."""
    if failures:
        reasons = "; ".join(f"{reason} ({times})" for reason, times in failures.most_common(3))
        return (
            f"the expert of {task.name} failed in {failures.total()} of {tried} episodes: {reasons}. {count} "
            f"demonstrations are wanted, {kept} are there: mend the expert or the environment"
        )
    return (
        f"the expert of {task.name} reached {task.keep!r} in {kept} of {tried} episodes; {count} are "
        f"wanted. Ask for fewer (--set task.demonstrations={max(kept, 1)}) or allow more (--set task.attempts=20)."
    )


def _batched(shards: Iterator[EpisodeShard], workers: int, kind: str, count: int) -> Iterator[Rollout]:
    """Run shards in order, never more at once than may be needed."""
    while batch := list(islice(shards, count)):
        yield from run_shards(batch, workers, kind)


def _expert_rate(demonstrations: Demonstrations) -> Estimate | None:
    """Return how often the expert succeeded, where the task says what success is."""
    tried, successes = demonstrations.source.get("tried"), demonstrations.source.get("successes")
    return None if tried is None or successes is None else wilson(int(successes), int(tried))


def _key(task: Task, count: int, seed: int, split: str, attempts: int, allocate: str = "") -> str:
    from simplatform._version import __version__

    settings: dict[str, Any] = {
        "task": task.name, "env": task.env, "expert": task.expert, "kwargs": dict(task.kwargs), "keep": task.keep,
        "variants": [dict(v) for v in task.variants], "split": [split, dict(task.splits.get(split, {}))],
        "count": count, "seed": seed, "attempts": attempts, "version": __version__, "code": code_of(task),
    }  # fmt: skip
    if allocate:
        settings["allocate"] = allocate
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


def _aside(path: Path) -> Path:
    """Move a damaged set out of the way; it is kept, because it may hold somebody's work."""
    number = 1
    while (other := path.with_name(f"{path.name}.damaged{number}")).exists():
        number += 1
    return path.rename(other)
