"""Shards in batches: episodes come in the order of their numbers, and as many at once as are worth it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplatform.pipeline.batches import MANY, WIDEST, Example, in_order, width_of


@dataclass
class Numbered:
    number: int


@dataclass
class Thinking:
    thinking: float


@given(st.permutations(range(8)))
def test_episodes_that_end_early_wait_for_their_turn(order):
    ended = ((Numbered(number), number) for number in order)
    assert list(in_order(range(8), ended, lambda result, play: (play.number, result))) == [(n, n) for n in range(8)]


def test_nothing_is_yielded_before_its_turn():
    left = [3, 0, 1]
    ended = ((Numbered(number), number) for number in (left.pop(0) for _ in range(3)))
    found = in_order([0, 1, 3], ended, lambda result, play: result)
    assert next(found) == 0
    assert left == [1]  # one that came before its turn was kept, the next not asked for


@pytest.mark.parametrize(
    ("count", "making", "together", "acts", "wide"),
    [
        (1000, 1e-9, True, True, MANY),
        (1000, 1e-9, False, True, WIDEST),
        (10, 1e-9, True, True, 10),
        (100, 1e9, True, True, 1),
        (100, 1e-9, False, False, 1),
    ],
)
def test_as_many_are_played_at_once_as_are_worth_their_environments(count, making, together, acts, wide):
    example = Example(Thinking(0.5), 1.0)
    assert width_of(count, making, together, acts, example) == wide


def test_a_policy_that_thinks_longer_is_worth_more_environments():
    widths = [width_of(50, 2.0, False, True, Example(Thinking(seconds), 1.0)) for seconds in (0.1, 0.5, 2.0)]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]
