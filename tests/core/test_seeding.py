"""Every random number follows from seed, purpose and index, and from nothing else."""

from __future__ import annotations

import itertools

import torch
from hypothesis import given
from hypothesis import strategies as st

from simplatform.seeding import derive, episode_seed, torch_generator


@given(st.integers(0, 2**31), st.sampled_from(["train", "test", "step"]), st.integers(0, 10**6))
def test_a_seed_is_a_pure_function_in_its_range(seed, purpose, index):
    assert derive(seed, purpose, index) == derive(seed, purpose, index)
    assert 0 <= derive(seed, purpose, index) < 2**63
    assert 0 <= episode_seed(seed, purpose, index) < 2**31


def test_no_two_uses_share_a_seed():
    uses = list(itertools.product(range(5), ("train", "validation", "test", "ood"), range(50)))
    assert len({derive(*use) for use in uses}) == len(uses)
    assert len({episode_seed(*use) for use in uses}) == len(uses)


def test_generators_of_one_use_agree_and_of_two_do_not():
    draws = [torch.rand(4, generator=torch_generator(3, "noise", index)) for index in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
