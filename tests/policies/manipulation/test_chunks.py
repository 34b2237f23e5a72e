"""What policies of chunks share: which part of a chunk is carried out, and in which units."""

from __future__ import annotations

import numpy as np
import torch
from torch import Generator

from simplatform.contracts import Batch, Loss, Signature
from simplatform.demonstrations import Demonstrations, Episode
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


def poses(length=8):
    """Return episodes of a pose (three coordinates, a quaternion of either sign) and a gripper of two values."""
    draws, episodes = np.random.default_rng(0), []
    for _ in range(3):
        state = np.cumsum(draws.normal(size=(length + 1, 3)), 0)
        turn = np.float32([0.1, 0.2, 0.3, 1]) + 0.1 * draws.normal(size=(length, 4))
        turn *= draws.choice([-1, 1], (length, 1)) / np.linalg.norm(turn, axis=1, keepdims=True)
        shut = draws.choice([0.02, 0.7], (length, 1))
        actions = np.concatenate([state[1:] + 0.1, turn, shut, np.full((length, 1), 0.7)], 1)
        episodes.append(Episode({"agent_pos": np.float32(state)}, np.float32(actions)))
    return Demonstrations(episodes)


def test_poses_are_seen_in_their_form_and_answers_are_poses():
    config = ChunkConfig(horizon=4, quaternions=(3,), relative=(0, 1, 2), binary=(7,))
    policy, data = Counter(config, Signature({"agent_pos": (3,)}, (9,))), poses()
    policy.prepare(data)
    here = torch.as_tensor(data[0].observations["agent_pos"][None, 3:5])
    action = policy.act({"agent_pos": here}, generator=Generator())
    assert action.shape == (1, 3, 9)
    torch.testing.assert_close(action[..., 3:7].norm(dim=-1), torch.ones(1, 3))
    assert set(action[0, :, 7].tolist()) <= {np.float32(0.02).item(), np.float32(0.7).item()}
    assert action[0, :, 8].tolist() == [np.float32(0.7).item()] * 3  # constant: exactly so
    moved = policy.act({"agent_pos": here + 5}, generator=Generator())
    torch.testing.assert_close(moved[..., :3], action[..., :3] + 5, atol=1e-4, rtol=0)
    seen = policy.form(torch.as_tensor(data[1].actions)[None], here[:, -1])
    assert seen.shape == (1, 8, 11)
    batch = torch.as_tensor(data[1].actions[:4])[None]
    other = torch.cat([batch[..., :3], -batch[..., 3:7], batch[..., 7:]], -1)
    losses = [policy.loss(Batch({"agent_pos": here}, one), generator=Generator()).total for one in (batch, other)]
    torch.testing.assert_close(*losses)


def test_robust_ranges_are_not_set_by_one_reading_and_keep_what_is_rare():
    data = poses(80)
    data[0].observations["agent_pos"][4, 1] = 1e9  # a broken encoder
    for episode in data:
        episode.actions[:, 7] = 0.0
    data[2].actions[5, 7] = 1.0  # a gripper that closes once
    spans = {}
    for ranges in ("limits", "quantiles"):
        policy = Counter(ChunkConfig(horizon=4, ranges=ranges), Signature({"agent_pos": (3,)}, (9,)))
        policy.prepare(data)
        spans[ranges] = 2 / policy.normalisers["state"].scale[1]
        assert policy.normalisers["action"].scale[7] == 2
    assert spans["limits"] > 1e8
    broken = torch.as_tensor(data[0].observations["agent_pos"][None, 3:5])
    policy.condition({"agent_pos": broken})
    assert policy.seen[1].abs().max() == 3
