"""Ray: the cores of this machine, or of a cluster (Moritz et al., 2018, arXiv:1712.05889).

All machines must see the same files (the output folder and the cache) and have the same packages installed.
"""

from __future__ import annotations

import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from simplatform.errors import MissingDependency, SimplatformError
from simplatform.executors.base import Result, Shard, available_cores

RETRIES = 5
"""Times that a shard is run again after the machine or process that ran it died."""
PATIENCE = 10.0
"""Seconds that the port of a cluster has to answer in."""


class RayExecutor:
    """Runs shards as Ray tasks of one core each; what a lost machine was doing is run again on the others."""

    def __init__(self, workers: int = 0, address: str = "", gpus: int = 0) -> None:
        """Use the cluster at ``address`` ("auto" finds one here), or else ``workers`` cores of this machine.

        A task holds so many ``gpus``: with one, no other process uses an accelerator while it does.
        """
        self.workers, self.address, self.gpus = workers or available_cores(), address, gpus

    def map(self, function: Callable[[Shard], Result], shards: Iterable[Shard]) -> Iterator[Result]:
        """Yield ``function(shard)`` for each shard, in order.

        Raises:
            MissingDependency: Ray is not installed.
            SimplatformError: the cluster cannot be reached, or a shard was lost more than ``RETRIES`` times.
        """
        ray = _ray()
        _connect(ray, self.workers, self.address)
        task = ray.remote(num_cpus=1, num_gpus=self.gpus, max_retries=RETRIES)(_call)
        window = 2 * max(int(ray.cluster_resources().get("CPU", 1)), 1)
        running: deque[Any] = deque()
        for shard in shards:
            running.append(task.remote(function, shard))
            if len(running) >= window:
                yield _result(ray, running.popleft())
        while running:
            yield _result(ray, running.popleft())


def _call(function: Callable[[Shard], Result], shard: Shard) -> Result:
    return function(shard)


def _ray() -> Any:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingDependency("the executor 'ray' needs Ray: pip install 'simplatform[cluster]'") from error
    return ray


def _connect(ray: Any, workers: int, address: str) -> None:
    if ray.is_initialized():
        return
    passed = {key: value for key, value in os.environ.items() if key.startswith("SIMPLATFORM_")}
    passed["OMP_WAIT_POLICY"] = "PASSIVE"
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if not address:
        passed["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        quiet.update(num_cpus=workers, include_dashboard=False)
    try:
        _knock(address)
        ray.init(address=address or "local", runtime_env={"env_vars": passed}, **quiet)
    except Exception as error:  # Ray raises bare ones too, as when its node does not start within half a minute
        raise SimplatformError(
            f"cannot reach a Ray cluster at {address or 'this machine'}: {error}. Start one with `ray start --head` "
            "and give its address: --executor ray:HOST:6379, or ray:auto for one on this machine."
        ) from error


def _knock(address: str) -> None:
    """Reach the port of a cluster by its address: Ray itself tries for minutes before it gives one up.

    Raises:
        OSError: nobody answers.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE).close()


def _result(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise SimplatformError(
            f"a shard was lost {RETRIES + 1} times with its worker (out of memory?): {type(error).__name__}. "
            "What is done is kept: the same command goes on from there."
        ) from error
