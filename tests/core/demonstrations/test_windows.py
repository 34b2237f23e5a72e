"""Windows of demonstrations: the batches that training sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from simplatform.contracts import Batch
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.episode import Joined
from simplatform.demonstrations.windows import Windows, window_indices
from simplatform.errors import DataError
from tests.core.demonstrations.data_cases import episode


def test_windows_match_diffusion_policy_padding():
    # length 5, two observations, four actions of which three are carried out: the indices of the published sampler
    assert window_indices(5, 2, 4, 3).tolist() == [
        [0, 0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 4], [3, 4, 4, 4],
    ]  # fmt: skip


@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 5), st.integers(1, 4))
def test_every_step_is_once_the_newest(length, observe, extra, execute):
    horizon = observe + extra
    windows = window_indices(length, observe, horizon, execute)
    newest = windows[:, observe - 1]
    assert newest[0] == 0
    assert (np.diff(newest) >= 0).all()
    assert windows.min() >= 0
    assert windows.max() < length
    if execute >= horizon - observe + 1:
        assert newest.max() == length - 1


def test_batches_are_a_function_of_seed_and_step():
    windows = Windows(Demonstrations([episode(7), episode(4, start=50)]), observe=2, horizon=3, execute=2)
    again = Windows(Demonstrations([episode(7), episode(4, start=50)]), observe=2, horizon=3, execute=2)
    late = again.batch(5, seed=1, step=9)  # asked out of order
    for step in range(10):
        batch = windows.batch(5, seed=1, step=step)
    assert torch.equal(batch.action, late.action)
    assert torch.equal(batch.observation["state"], late.observation["state"])
    assert batch.observation["state"].shape == (5, 2, 3)
    assert batch.action.shape == (5, 3, 2)


def test_actions_answer_their_observations_and_stay_in_their_episode():
    windows = Windows(Demonstrations([episode(7), episode(4, start=50)]), observe=2, horizon=3, execute=2)
    batch = windows.take(np.arange(len(windows)))
    seen, done = batch.observation["state"][..., 0], batch.action[..., 0] - 100
    assert torch.equal(seen, done[:, :2])
    assert bool(((done < 50) == (done[:, :1] < 50)).all())


def test_each_epoch_sees_every_window_once():
    windows = Windows(Demonstrations([episode(9)]), observe=1, horizon=1, execute=1)
    seen = torch.cat([windows.batch(3, seed=0, step=i).action[:, 0, 0] for i in range(3)])
    assert sorted(seen.tolist()) == [100.0 + i for i in range(9)]


def test_ragged_data_needs_and_uses_a_collate():
    data = Demonstrations([episode(1, width=3), episode(1, width=5)])
    with pytest.raises(DataError, match="several shapes"):
        Windows(data, observe=1, horizon=1, execute=1)

    def join(samples):
        parts = [sample["observation"]["state"][0] for sample in samples]
        return Batch({"state": torch.cat(parts)}, torch.stack([sample["action"] for sample in samples]))

    batch = Windows(data, observe=1, horizon=1, execute=1, collate=join).batch(2, seed=0, step=0)
    assert batch.observation["state"].shape == (8,)


def test_empty_demonstrations_are_refused():
    with pytest.raises(DataError, match="no demonstrations"):
        Windows(Demonstrations([]), observe=1, horizon=1, execute=1)
    with pytest.raises(DataError, match="empty"):
        Demonstrations([]).stacked("state")
    with pytest.raises(DataError, match="no observation 'cloud'"):
        Demonstrations([episode(2)]).stacked("cloud")
    with pytest.raises(DataError, match="has 2 entries for 2 actions; expected 3"):
        Episode({"state": np.zeros((2, 1))}, np.zeros((2, 1)))


def test_windows_of_mapped_episodes_are_those_of_episodes_in_memory():
    lengths, draws = (3, 1, 5), np.random.default_rng(0)
    rows = {"x": draws.normal(size=(sum(lengths) + 3, 2)).astype(np.float32)}
    mapped = Joined(rows, draws.normal(size=(sum(lengths), 1)).astype(np.float32), lengths)
    for data in (mapped, mapped.part(1, 3)):
        plain = Demonstrations(list(data))
        one, other = (Windows(item, observe=2, horizon=3, execute=2) for item in (data, plain))
        assert len(one) == len(other)
        for step in range(3):
            first, second = (item.batch(4, seed=1, step=step) for item in (one, other))
            assert torch.equal(first.observation["x"], second.observation["x"])
            assert torch.equal(first.action, second.action)
    assert np.shares_memory(mapped.part(1, 3).joined("x"), rows["x"])
    assert mapped.part(1, 3).content_hash() == plain.content_hash()
