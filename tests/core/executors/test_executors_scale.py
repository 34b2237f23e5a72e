"""Executors: the same results, in order, for any number of workers, whoever runs them."""

import pickle
from dataclasses import replace

import pytest

from simplatform.errors import UnknownName
from simplatform.executors import executor
from simplatform.pipeline.shards import episode_shard, run_episode
from simplatform.recipes import find_task


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
@pytest.mark.timeout(1200)  # five processes that import everything, on a busy machine
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


def test_errors_travel_between_processes():
    error = UnknownName("task", "reech", ["reach"], hint="`simplatform tasks` lists all.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert type(pickle.loads(pickle.dumps(error))) is UnknownName
