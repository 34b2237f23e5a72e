"""What policies of chunks share: which part of a chunk is carried out, and in which units."""

from __future__ import annotations

import torch
from torch import Generator

from simplatform.contracts import Loss
from simplatform.policies.manipulation.chunks import ChunkConfig, ChunkPolicy
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations


class Counter(ChunkPolicy):
    """Answers with the number of each step, in the half of [−1, 1] above zero, and remembers what it saw."""

    def encode(self, cloud, state):
        self.seen = cloud, state
        return state.flatten(1)

    def sample(self, condition, noise):
        return (torch.arange(self.horizon) / self.horizon)[None, :, None].expand_as(noise)

    def chunk_loss(self, chunk, condition, *, generator):
        return Loss(chunk.square().mean())


def test_a_chunk_is_carried_out_from_the_newest_observation_on():
    policy, data = Counter(ChunkConfig(points=5, observe=3, execute=2, horizon=8), SIGNATURE), demonstrations()
    policy.prepare(data)
    observation = {"point_cloud": torch.rand(2, 4, 32, 3), "agent_pos": torch.rand(2, 4, 9)}
    action = policy.act(observation, generator=Generator())
    low, high = torch.as_tensor(data.stacked_actions()).aminmax(dim=0)
    for k, step in enumerate((2, 3)):
        expected = low + (high - low) * (step / 8 + 1) / 2
        torch.testing.assert_close(action[:, k], expected.expand(2, 4), atol=1e-5, rtol=0)
    cloud, state = policy.seen
    assert cloud.shape == (2, 3, 5, 3)
    assert state.shape == (2, 3, 9)


def test_what_is_seen_is_normalised_to_the_limits_of_the_demonstrations():
    policy, data = Counter(ChunkConfig(points=32), SIGNATURE), demonstrations()
    policy.prepare(data)
    seen = {
        key: torch.cat([torch.as_tensor(episode.observations[key]) for episode in data])[None]
        for key in ("point_cloud", "agent_pos")
    }
    policy.observe = seen["agent_pos"].shape[1]
    policy.condition(seen)
    for value in policy.seen:
        flat = value.reshape(-1, value.shape[-1])
        torch.testing.assert_close(flat.amax(0), torch.ones(value.shape[-1]), atol=1e-5, rtol=0)
        torch.testing.assert_close(flat.amin(0), -torch.ones(value.shape[-1]), atol=1e-5, rtol=0)
