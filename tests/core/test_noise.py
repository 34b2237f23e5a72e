"""Noise of an episode is its own, whatever else is in the batch."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.noise import EpisodeNoise
from simplatform.seeding import integers, normal, torch_generator, uniform

LIKE = torch.zeros(1)


def streams(episodes):
    return [torch_generator(3, "act/test", episode) for episode in episodes]


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(6)), st.integers(1, 6), st.lists(st.integers(1, 4), max_size=3))
def test_a_row_does_not_depend_on_the_others(order, size, shape):
    together = EpisodeNoise(streams(order[:size]))
    alone = [EpisodeNoise(streams([episode])) for episode in order[:size]]
    for draw in (normal, uniform):
        for _ in range(2):
            rows = draw((size, *shape), together, LIKE)
            assert torch.equal(rows, torch.cat([draw((1, *shape), one, LIKE) for one in alone]))
    assert integers(9, (size, *shape), together, LIKE.device).dtype == torch.int64


def test_a_single_row_draws_what_a_plain_generator_draws():
    plain, own = streams([5])[0], EpisodeNoise(streams([5]))
    assert torch.equal(normal((1, 4, 4), plain, LIKE), normal((1, 4, 4), own, LIKE))


def test_half_precision_has_the_noise_of_single_precision():
    half = normal((1, 8), EpisodeNoise(streams([1])), LIKE.bfloat16())
    assert torch.equal(half, normal((1, 8), EpisodeNoise(streams([1])), LIKE).bfloat16())
    assert normal((2, 2), torch.Generator().manual_seed(0), LIKE.double()).dtype == torch.float64


def test_rows_may_leave_and_others_may_come():
    noise = EpisodeNoise(streams([0, 1, 2]))
    first = normal((3, 2), noise, LIKE)
    later = normal((2, 2), noise.rows([2, 0]), LIKE)
    again = EpisodeNoise(streams([0, 1, 2]))
    assert torch.equal(first, normal((3, 2), again, LIKE))
    assert torch.equal(later, normal((3, 2), again, LIKE)[[2, 0]])


def test_as_many_rows_as_episodes():
    with pytest.raises(ValueError, match="2 episodes draw 2 rows, asked for 3"):
        normal((3, 2), EpisodeNoise(streams([0, 1])), LIKE)
