"""Executors: the same results, in order, for any number of workers, whoever runs them."""

import operator
import pickle
from dataclasses import replace

import pytest

from simplatform.errors import DataError, SimplatformError, UnknownName, UsageError
from simplatform.executors import executor
from simplatform.pipeline.shards import episode_shard, run_episode
from simplatform.recipes import find_task


def refuse(number):
    raise DataError(f"shard {number} cannot be used")


@pytest.fixture
def ray():
    """Give Ray, and stop the cluster that a test started."""
    module = pytest.importorskip("ray", reason="Ray is not installed: pip install 'simplatform[cluster]'")
    yield module
    module.shutdown()


def episodes(kind, workers):
    task = find_task("toy/point")
    shards = [episode_shard(task, "train", 3, number) for number in range(7)]
    return [result.episode for result in executor(workers, kind).map(run_episode, shards)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["process", "ray"])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_workers_gives_the_same_episodes(ray, kind, workers):
    expected = [episode.actions.tobytes() for episode in episodes("local", 1)]
    assert [episode.actions.tobytes() for episode in episodes(kind, workers)] == expected


def test_a_task_changed_in_memory_is_what_a_shard_runs():
    task = replace(find_task("toy/point"), name="mine", variants=({"steps": 3}, {"steps": 5}))
    shards = [pickle.loads(pickle.dumps(episode_shard(task, "train", 3, number))) for number in range(3)]
    found = [run_episode(shard).episode for shard in shards]
    assert [(len(episode), episode.variant) for episode in found] == [(3, 0), (5, 1), (3, 0)]


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


def test_errors_travel_between_processes():
    error = UnknownName("task", "reech", ["reach"], hint="`simplatform tasks` lists all.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert type(pickle.loads(pickle.dumps(error))) is UnknownName
