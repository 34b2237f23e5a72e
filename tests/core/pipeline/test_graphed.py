"""Graphed acting: inputs and draws at fixed places give the plain policy's answers; what cannot be recorded says why.

CUDA's own recording needs a GPU (``benchmarks/gpu``). Here the recording is a function that computes from the same
places again, so that all around it is tested.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from simplatform.noise import EpisodeNoise
from simplatform.pipeline.graphed import Graphed
from simplatform.seeding import normal, uniform


class Noisy(nn.Module):
    observe = execute = 1

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((), 2.0))

    def reset(self, observation): ...

    def act(self, observation, *, generator):
        state = observation["state"][:, -1:]
        noise = normal(state.shape, generator, state) + uniform((len(state), 1, 1), generator, state)
        return self.scale * state + noise


def recomputed(answer):
    output = answer()

    def replay():
        return output.copy_(answer())

    return replay, output


def generators(rows):
    one = [torch.Generator().manual_seed(5) for _ in range(2)]
    many = [EpisodeNoise([torch.Generator().manual_seed(row) for row in range(rows)]) for _ in range(2)]
    return one if rows == 1 else many


@pytest.mark.parametrize("rows", [1, 3])
def test_answers_are_those_of_the_plain_policy(rows):
    policy = Noisy()
    graphed = Graphed(policy, recomputed)
    mine, its = generators(rows)
    for step in range(6):
        observation = {"state": torch.full((rows, 1, 2), float(step))}
        plain = policy.act(observation, generator=mine)
        assert torch.equal(graphed.act(observation, generator=its), plain), step
    assert not graphed.reason
    assert graphed.act({"state": torch.zeros(rows, 2, 2)}, generator=its).shape == (rows, 1, 2)  # another shape


def test_on_a_cpu_it_answers_plainly_and_says_so():
    graphed = Graphed(Noisy())
    assert "need a CUDA device, and it lives on cpu" in graphed.reason
    observation, (mine, its) = {"state": torch.ones(1, 1, 2)}, generators(1)
    assert torch.equal(graphed.act(observation, generator=its), Noisy().act(observation, generator=mine))


def test_what_cannot_be_recorded_is_answered_and_says_why():
    def refused(answer):
        raise RuntimeError("operation not permitted when stream is capturing")

    graphed = Graphed(Noisy(), refused)
    observation, (mine, its) = {"state": torch.ones(1, 1, 2)}, generators(1)
    for _ in range(3):
        assert torch.equal(graphed.act(observation, generator=its), Noisy().act(observation, generator=mine))
    assert "not permitted when stream is capturing" in graphed.reason
