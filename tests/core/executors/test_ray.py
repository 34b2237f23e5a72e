"""Ray: what is said where it is missing or cannot be reached; work on it is tried by ``test_executors_scale``."""

from __future__ import annotations

import itertools
import os
import sys
import time

import pytest

from simplatform.errors import MissingDependency, SimplatformError, UnknownName
from simplatform.executors import executor
from simplatform.executors.base import available_cores
from simplatform.executors.ray import RETRIES, RayExecutor, _result


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependency, match=r"pip install 'simplatform\[cluster\]'"):
        list(RayExecutor().map(len, [1]))


def test_no_number_of_workers_means_all_cores():
    assert RayExecutor().workers == available_cores()
    assert RayExecutor(3, "auto").workers == 3


def test_errors_of_shards_are_raised_and_lost_shards_are_said():
    """Ray's own errors, in the way that it hands them out."""
    ray = pytest.importorskip("ray", reason="pip install 'simplatform[cluster]'")

    class Handing:
        exceptions = ray.exceptions

        def __init__(self, error):
            self.error = error

        def get(self, reference):
            raise self.error

    cause = UnknownName("task", "reech", ["reach"])
    with pytest.raises(UnknownName, match="Did you mean reach"):
        _result(Handing(ray.exceptions.RayTaskError("work", "trace", cause)), None)
    with pytest.raises(SimplatformError, match=rf"lost {RETRIES + 1} times with its worker.*WorkerCrashedError"):
        _result(Handing(ray.exceptions.WorkerCrashedError()), None)


def test_tasks_of_a_cuda_run_hold_a_gpu():
    assert executor(2, "ray", "cuda").gpus == 1
    assert executor(2, "ray", "cpu").gpus == executor(2, "ray").gpus == 0


def busy(number):
    start = time.monotonic()
    time.sleep(0.3)
    return start, time.monotonic()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_gpu_has_one_owner_at_a_time():
    """Ray counts a GPU that is declared like one that is there."""
    ray = pytest.importorskip("ray", reason="pip install 'simplatform[cluster]'")
    path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    options = {"include_dashboard": False, "logging_level": "ERROR", "runtime_env": {"env_vars": path}}
    ray.init(address="local", num_cpus=3, num_gpus=1, **options)
    try:
        spans = sorted(RayExecutor(3, gpus=1).map(busy, range(4)))
    finally:
        ray.shutdown()
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


def test_a_cluster_that_is_not_there_is_said_with_how_to_start_one():
    pytest.importorskip("ray", reason="pip install 'simplatform[cluster]'")
    with pytest.raises(SimplatformError, match=r"cannot reach a Ray cluster at 127\.0\.0\.1:1.*ray start --head"):
        list(RayExecutor(1, "127.0.0.1:1").map(len, [[1]]))
    assert os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] == "0"
