"""Streams: trajectories depend on their number alone; a killed producer loses nothing; nobody takes, nobody makes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest

from simplatform.errors import DataError, UsageError
from simplatform.executors import ProcessExecutor
from simplatform.pipeline.stream import (
    AHEAD,
    HOPELESS,
    Inline,
    Stream,
    Trajectory,
    groups,
    make_again,
    next_kept,
    source,
)
from simplatform.recipes import find_task


def same(one, other):
    assert one.number == other.number
    np.testing.assert_array_equal(one.episode.actions, other.episode.actions)
    assert one.episode.seed == other.episode.seed


def test_a_killed_producer_loses_nothing_and_what_it_was_making_is_made_again():
    task = find_task("toy/point")
    alone = Inline(task, groups(task, 0, 0, 2))
    stream = Stream(task, groups(task, 0, 0, 2), ProcessExecutor(2))
    try:
        for number in range(30):
            if number == 9:
                os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
            same(stream.take(), alone.take())
    finally:
        stream.close()
    assert not multiprocessing.active_children()


def test_producers_wait_where_nobody_takes():
    task = find_task("toy/point")
    taken = []

    def counted():
        for group in groups(task, 0, 0, 1):
            taken.append(group[0])
            yield group

    stream = Stream(task, counted(), ProcessExecutor(1))
    try:
        for _ in range(3):
            stream.take()
        deadline = time.monotonic() + 60
        while stream.waiting() < AHEAD and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        before = len(taken)
        time.sleep(0.3)
        assert len(taken) == before <= 3 + AHEAD + 3, "bounded: what waits, what is put, what is made"
    finally:
        stream.close()


def test_groups_go_on_from_any_number_and_one_is_made_again_alike():
    task = find_task("toy/point")
    whole, later = Inline(task, groups(task, 3, 0, 4)), Inline(task, groups(task, 3, 5, 2))
    made = [whole.take() for _ in range(8)]
    for number in (5, 6, 7):
        same(later.take(), made[number])
    for one in make_again(task, 3, [2, 6]):
        same(one, made[one.number])


class Failing:
    """A source whose trajectories with even numbers fail, or all of them."""

    def __init__(self, kept):
        self.number, self.kept = -1, kept

    def take(self):
        self.number += 1
        return Trajectory(self.number, self.kept if self.number % 2 else None, "it diverged")


def test_what_failed_is_left_out_and_an_expert_without_success_is_given_up():
    task = find_task("toy/point")
    where = Failing(kept="an episode")
    assert [next_kept(where, task).number for _ in range(3)] == [1, 3, 5]
    with pytest.raises(DataError, match=rf"no trajectory to keep in {HOPELESS} episodes.*it diverged"):
        next_kept(Failing(kept=None), task)


def test_a_queue_of_jobs_cannot_stream():
    with pytest.raises(UsageError, match="--executor process or ray"):
        source(find_task("toy/point"), 0, 0, 1, 2, "slurm:gpu")


def test_what_ends_the_producers_is_raised_where_trajectories_are_taken():
    task = find_task("toy/point")

    def broken():
        yield from ()
        raise DataError("no more shards")

    stream = Stream(task, broken(), ProcessExecutor(1))
    with pytest.raises(DataError, match="no more shards"):
        stream.take()
    stream.close()


@pytest.mark.slow
def test_ray_makes_the_same_trajectories():
    pytest.importorskip("ray")
    task = find_task("toy/point")
    stream, alone = source(task, 0, 0, 2, 1, "ray"), source(task, 0, 0, 2, 0, "local")
    try:
        for _ in range(6):
            same(stream.take(), alone.take())
    finally:
        stream.close()
