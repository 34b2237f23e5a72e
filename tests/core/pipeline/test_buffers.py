"""Buffers: no unseen sample is lost, nothing exceeds the capacity, and each kind draws as it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.errors import ConfigError
from simplatform.pipeline.buffers import BUFFERS, check_capacity, make_buffer

CAPACITY, BATCH, ARRIVING = 40, 6, 5


def filled(kind, count=30, threshold=8):
    buffer = make_buffer(kind, CAPACITY, threshold)
    buffer.add(count, 0, np.random.default_rng(0))
    return buffer


@pytest.mark.parametrize("kind", BUFFERS)
@given(moves=st.lists(st.booleans(), max_size=60), seed=st.integers(0, 5))
@settings(max_examples=40)
def test_no_unseen_sample_is_dropped_whatever_comes_and_goes(kind, moves, seed):
    buffer, random = make_buffer(kind, CAPACITY, 8), np.random.default_rng(seed)
    for step, arrives in enumerate(moves):
        if arrives and buffer.room() >= ARRIVING:
            buffer.add(ARRIVING, step, random)
        elif not arrives and buffer.ready(BATCH):
            assert len(set(buffer.draw(BATCH, step, random))) == BATCH
        assert len(buffer) == len(buffer.held()) <= CAPACITY
        assert 0 <= buffer.room() <= CAPACITY
        assert buffer.unseen() == sum(not buffer.samples[number].draws for number in buffer.held())
    held = set(buffer.held())
    for number, sample in enumerate(buffer.samples):
        assert sample.draws or number in held, "lost before anybody saw it"
        assert (sample.left < 0) == (number in held)
        assert sample.left < 0 or sample.left >= sample.last >= sample.arrived


@pytest.mark.parametrize("kind", BUFFERS)
def test_a_buffer_full_of_unseen_samples_has_no_room(kind):
    buffer = filled(kind, CAPACITY)
    assert buffer.room() == 0
    buffer.draw(BATCH, 1, np.random.default_rng(1))
    assert buffer.room() == BATCH


def test_fifo_gives_each_once_in_order_and_waits_for_no_threshold():
    buffer = filled("fifo", 12, threshold=30)
    assert buffer.ready(BATCH)
    assert buffer.draw(6, 1, np.random.default_rng(0)) == list(range(6))
    assert buffer.draw(6, 2, np.random.default_rng(0)) == list(range(6, 12))
    assert not buffer.ready(1)
    assert {sample.draws for sample in buffer.samples} == {1}


def test_firo_gives_each_once_in_no_order():
    buffer, random = filled("firo", 30, threshold=0), np.random.default_rng(0)
    drawn = [number for step in range(5) for number in buffer.draw(6, step, random)]
    assert sorted(drawn) == list(range(30)) != drawn


@pytest.mark.parametrize("kind", ["firo", "reservoir"])
def test_below_the_threshold_nothing_is_drawn(kind):
    assert not filled(kind, 7).ready(BATCH)
    assert filled(kind, 8).ready(BATCH)


def test_the_reservoir_draws_evenly_and_only_seen_samples_make_room():
    buffer, random = filled("reservoir", CAPACITY), np.random.default_rng(0)
    for step in range(2000):
        buffer.draw(BATCH, step, random)
    draws = np.array([sample.draws for sample in buffer.samples])
    expected = 2000 * BATCH / CAPACITY
    assert abs(draws - expected).max() < 5 * np.sqrt(expected)
    buffer.add(ARRIVING, 2000, random)
    assert len(buffer) == CAPACITY
    assert buffer.unseen() == ARRIVING
    assert sum(sample.left == 2000 for sample in buffer.samples) == ARRIVING


def test_a_capacity_in_which_both_sides_would_wait_is_refused():
    with pytest.raises(ConfigError, match=r"collect\.capacity=40 is too small: .* 8 must be there .* set 43 or more"):
        check_capacity(make_buffer("firo", 40, 8), BATCH, 35)
    check_capacity(make_buffer("firo", 43, 8), BATCH, 35)
