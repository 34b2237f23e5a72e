"""Several processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from simplatform.errors import SimplatformError
from simplatform.executors.base import Result, Shard


class ProcessExecutor:
    """Runs shards in fresh processes with one thread each (a forked process would inherit locks and GL contexts)."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, function: Callable[[Shard], Result], shards: Iterable[Shard]) -> Iterator[Result]:
        """Yield ``function(shard)`` for each shard, in order.

        Raises:
            SimplatformError: a worker process died.
        """
        context = multiprocessing.get_context("spawn")
        with _single_threaded_children(), ProcessPoolExecutor(self.workers, mp_context=context) as pool:
            futures: list[Future[Any]] = [pool.submit(function, shard) for shard in shards]
            try:
                for future in futures:
                    yield future.result()
            except BrokenProcessPool as error:
                raise SimplatformError(
                    "a worker process died (out of memory?). Try fewer workers: --workers 1"
                ) from error
            finally:
                for future in futures:
                    future.cancel()


@contextmanager
def _single_threaded_children() -> Iterator[None]:
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
