"""Slurm, through submitit: one array of jobs, one job a shard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from simplatform.errors import MissingDependency, SimplatformError
from simplatform.executors.base import Result, Shard

HOURS = 24


class SlurmExecutor:
    """Submits shards as a job array; where there is no ``srun``, submitit runs them as processes of this machine.

    The working directory must be one that all machines see: jobs and their logs are kept in its folder ``.submitit``.
    """

    def __init__(self, workers: int = 0, partition: str = "") -> None:
        """Use at most ``workers`` jobs at once (0 = as many as the queue gives), in a partition or the default one."""
        self.workers, self.partition = workers, partition

    def map(self, function: Callable[[Shard], Result], shards: Iterable[Shard]) -> Iterator[Result]:
        """Yield ``function(shard)`` for each shard, in order.

        Raises:
            MissingDependency: submitit is not installed.
            SimplatformError: a job failed; its log is named.
        """
        try:
            import submitit
        except ImportError as error:
            raise MissingDependency(
                "the executor 'slurm' needs submitit: pip install 'simplatform[cluster]'"
            ) from error
        queue = submitit.AutoExecutor(Path(".submitit").absolute())
        queue.update_parameters(timeout_min=60 * HOURS, cpus_per_task=1)
        if self.workers or self.partition:
            extra = {"slurm_array_parallelism": self.workers or None, "slurm_partition": self.partition or None}
            queue.update_parameters(**{key: value for key, value in extra.items() if value is not None})
        for job in queue.map_array(function, list(shards)):
            failure = job.exception()
            if failure is not None:
                log = job.paths.stderr
                raise SimplatformError(f"job {job.job_id} failed: {failure}; its log is {log}") from failure
            yield job.result()
