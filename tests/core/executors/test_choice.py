"""Choosing an executor by name."""

import operator

import pytest

from simplatform.errors import DataError, SimplatformError, UsageError
from simplatform.executors import executor


def refuse(number):
    raise DataError(f"shard {number} cannot be used")


@pytest.fixture
def ray():
    """Give Ray, and stop the cluster that a test started."""
    module = pytest.importorskip("ray", reason="Ray is not installed: pip install 'simplatform[cluster]'")
    yield module
    module.shutdown()


@pytest.mark.slow
def test_ray_keeps_the_order_and_names_errors(ray):
    pool = executor(2, "ray")
    assert list(pool.map(operator.neg, range(50))) == [-number for number in range(50)]
    with pytest.raises(DataError, match="shard 0 cannot be used"):
        list(pool.map(refuse, [0]))


def test_a_ray_that_does_not_start_is_one_named_error(monkeypatch):
    module = pytest.importorskip("ray", reason="Ray is not installed: pip install 'simplatform[cluster]'")

    def init(**options):
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(module, "init", init)
    with pytest.raises(SimplatformError, match=r"cannot reach a Ray cluster at this machine: .* timed out"):
        list(executor(2, "ray").map(operator.neg, [1]))


def test_slurm_without_a_queue_runs_here():
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'simplatform[cluster]'")
    assert list(executor(0, "slurm").map(operator.neg, [2, 3])) == [-2, -3]


def test_unknown_executors_are_refused():
    for kind in ("rai", "local:here", "process:2"):
        with pytest.raises(UsageError, match="unknown executor"):
            executor(2, kind)
