"""Choosing an executor by name."""

from __future__ import annotations

from simplatform.errors import UsageError
from simplatform.executors.base import Executor
from simplatform.executors.local import LocalExecutor
from simplatform.executors.process import ProcessExecutor

EXECUTORS = ("local", "process", "ray", "slurm")


def executor(workers: int, kind: str = "", device: str = "cpu") -> Executor:
    """Return the executor for a number of workers, whose shards use a ``device``: Ray gives each a GPU of its own.

    ``kind`` is "local", "process", "ray" or "slurm", or, with a cluster's address or a partition, "ray:HOST:PORT" or
    "slurm:PARTITION". An empty one decides: one worker stays in this process, several are processes.

    Raises:
        UsageError: an unknown kind.
    """
    check_executor(kind)
    name, _, where = kind.partition(":")
    if name in ("ray", "slurm"):
        return _cluster(name, workers, where, device)
    if name == "local" or workers <= 1:
        return LocalExecutor()
    return ProcessExecutor(workers)


def check_executor(kind: str) -> None:
    """Refuse a kind of executor that there is not.

    Raises:
        UsageError: an unknown kind.
    """
    name, _, where = kind.partition(":")
    if name not in ("", *EXECUTORS) or (where and name not in ("ray", "slurm")):
        raise UsageError(
            f"unknown executor {kind!r}: expected {', '.join(EXECUTORS)}, ray:HOST:PORT or slurm:PARTITION"
        )


def _cluster(name: str, workers: int, where: str, device: str) -> Executor:
    if name == "ray":
        from simplatform.executors.ray import RayExecutor

        return RayExecutor(workers, where, gpus=int(device.startswith("cuda")))
    from simplatform.executors.slurm import SlurmExecutor

    return SlurmExecutor(workers, where)
