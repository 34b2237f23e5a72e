"""Several processes on this machine."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from simplatform.errors import SimplatformError
from simplatform.executors.base import Result, Shard
from simplatform.executors.workers import Serve, Worker, ready

AHEAD = 16
"""Shards for each worker that are begun at most before an earlier one is done: their results wait for it."""
RETRIES = 3
"""Times that a shard is run again after the process that ran it died."""


class ProcessExecutor:
    """Runs shards in fresh processes with one thread each; what a process that dies was doing is run again."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, function: Callable[[Shard], Result], shards: Iterable[Shard]) -> Iterator[Result]:
        """Yield ``function(shard)`` for each shard, in order; shards may be endless, and are taken when there is time.

        Raises:
            SimplatformError: a shard's process died more than ``RETRIES`` times.
        """
        fresh, results, errors = enumerate(shards), dict[int, Result](), dict[int, Exception]()
        waiting: deque[tuple[int, Any]] = deque()
        idle, busy = list[Worker](), dict[Worker, tuple[int, Any]]()
        lost: Counter[int] = Counter()
        following = started = 0
        try:
            while True:
                while idle or len(busy) < self.workers:
                    if not waiting and started < following + AHEAD * self.workers:
                        waiting.extend(islice(fresh, 1))
                        started += len(waiting)
                    if not waiting:
                        break
                    worker = idle.pop() if idle else Worker(_calls, function)
                    busy[worker] = waiting.popleft()
                    worker.send(busy[worker][1])
                if not busy:
                    return
                for worker in ready(list(busy)):
                    number, shard = busy.pop(worker)
                    try:
                        results[number] = worker.receive()
                        idle.append(worker)
                    except EOFError as error:
                        lost[number] += 1
                        _refuse(lost[number], error)
                        worker.end()
                        waiting.appendleft((number, shard))
                    except Exception as error:
                        errors[number] = error
                        idle.append(worker)
                while following in results:
                    yield results.pop(following)
                    following += 1
                if following in errors:
                    raise errors[following]
        finally:
            for worker in (*idle, *busy):
                worker.end()


def _calls(function: Serve) -> Serve:
    return function


def _refuse(times: int, error: EOFError) -> None:
    if times > RETRIES:
        raise SimplatformError(
            f"a worker process died {times} times at the same episodes (out of memory?). Try fewer workers: --workers 1"
        ) from error
