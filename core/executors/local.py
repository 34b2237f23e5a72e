"""One process, one shard after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from simplatform.executors.base import Result, Shard


class LocalExecutor:
    """Runs everything in this process, one shard after the other."""

    def map(self, function: Callable[[Shard], Result], shards: Iterable[Shard]) -> Iterator[Result]:
        """Yield ``function(shard)`` for each shard, in order."""
        yield from map(function, shards)
