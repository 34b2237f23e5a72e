"""Demonstrations: windows, the store, seeds and statistics."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform import seeding
from simplatform.contracts import Batch
from simplatform.demonstrations import Demonstrations, Episode, store
from simplatform.demonstrations.windows import Windows, window_indices
from simplatform.errors import DataError
from simplatform.pipeline.collect import collect
from simplatform.pipeline.environments import make_env
from simplatform.recipes import find_task
from simplatform.report.statistics import bootstrap, estimate, paired_means, paired_rates, paired_runs, wilson


def episode(length, width=3, start=0.0):
    steps = np.arange(length + 1, dtype=np.float32)[:, None] + start
    return Episode({"state": np.repeat(steps, width, 1)}, 100 + steps[:-1].repeat(2, 1))


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


def test_store_round_trip_and_minari(tmp_path):
    task = find_task("toy/point")
    found = collect(task, count=3, seed=0, root=tmp_path)
    assert not found.cached
    again = collect(task, count=3, seed=0, root=tmp_path)
    assert again.cached
    assert again.demonstrations.content_hash() == found.demonstrations.content_hash()
    assert [e.seed for e in again.demonstrations] == [e.seed for e in found.demonstrations]
    np.testing.assert_array_equal(again.demonstrations[1].actions, found.demonstrations[1].actions)
    np.testing.assert_array_equal(again.demonstrations[1].infos["distance"], found.demonstrations[1].infos["distance"])

    import minari

    dataset = minari.MinariDataset(found.path / "data")
    assert dataset.total_episodes == 3
    np.testing.assert_array_equal(dataset[1].actions, found.demonstrations[1].actions)
    np.testing.assert_array_equal(dataset[1].observations["state"], found.demonstrations[1].observations["state"])


def test_tampered_data_is_found_and_kept_aside(tmp_path):
    task = find_task("toy/point")
    path = collect(task, count=2, seed=0, root=tmp_path).path
    card = json.loads((path / store.CARD).read_text())
    card["content_hash"] = "0" * 64
    (path / store.CARD).write_text(json.dumps(card))
    with pytest.raises(DataError, match="changed after it was written"):
        store.load(path)
    assert not collect(task, count=2, seed=0, root=tmp_path).cached
    assert (tmp_path / f"{path.name}.damaged1").is_dir()


def test_store_refuses_what_it_did_not_write(tmp_path):
    with pytest.raises(DataError, match="not a set of demonstrations"):
        store.load(tmp_path)
    (tmp_path / store.CARD).write_text('{"episodes": [{}], "source": {}}')
    with pytest.raises(DataError, match="not a set of demonstrations"):
        store.load(tmp_path)


def test_an_interrupted_save_leaves_nothing(tmp_path, monkeypatch):
    def explode(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "write_json", explode)
    with pytest.raises(KeyboardInterrupt):
        store.save(Demonstrations([episode(2)]), tmp_path / "set", make_env(find_task("toy/point")))
    assert list(tmp_path.iterdir()) == []


def test_a_relative_path_is_as_good_as_an_absolute_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store.save(Demonstrations([episode(2)]), Path("sets") / "one", make_env(find_task("toy/point")))
    assert len(store.load(Path("sets") / "one")) == 1


def test_expert_that_never_succeeds_is_reported(tmp_path):
    from dataclasses import replace

    task = replace(find_task("toy/point"), kwargs={"steps": 1, "spread": 5.0})
    with pytest.raises(DataError, match=r"reached 'success' in 0 of 4 episodes; 2 are wanted"):
        collect(task, count=2, seed=0, attempts=2, root=tmp_path)


def test_seeds_are_independent_of_order_and_purpose():
    seeds = {seeding.derive(s, p, i) for s in range(3) for p in ("train", "test") for i in range(50)}
    assert len(seeds) == 300
    assert seeding.episode_seed(1, "test", 3) == seeding.episode_seed(1, "test", 3) < 2**31


def test_wilson_against_published_values():
    # Newcombe (1998), table I: 81/263, 15/148, 0/20, 1/29
    for (k, n), (low, high) in {
        (81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0.0, 0.1611), (1, 29): (0.0061, 0.1718),
    }.items():  # fmt: skip
        found = wilson(k, n)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    with pytest.raises(ValueError, match="0 <= successes <= n"):
        wilson(3, 2)
    assert wilson(0, 0).n == 0


@given(st.integers(1, 300), st.data())
def test_wilson_holds_the_rate(n, data):
    found = wilson(data.draw(st.integers(0, n)), n)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_paired_tests():
    # ten discordant pairs, all one way: 2 / 2^10; none: 1
    assert paired_rates([True] * 10 + [False] * 5, [False] * 15) == pytest.approx(2 / 1024)
    assert paired_rates([True, False], [True, False]) == 1.0
    with pytest.raises(ValueError, match="same episodes"):
        paired_rates([True], [])
    difference = paired_means([1.0, 2.0, 3.0], [0.0, 1.0, 2.0])
    assert (difference.value, difference.low, difference.high) == (1.0, 1.0, 1.0)


def test_paired_runs_count_once_each():
    # all three one way: 2 / 2^3; equal pairs say nothing; no difference: 1
    assert paired_runs([0.9, 0.8, 0.7], [0.5, 0.6, 0.1]) == 0.25
    assert paired_runs([0.9, 0.8, 0.7, 0.3], [0.5, 0.6, 0.1, 0.3]) == 0.25
    assert paired_runs([1.0, 2.0], [2.0, 1.0]) == paired_runs([], []) == 1.0
    assert paired_runs([0.9, np.nan, 0.8, 0.7, np.inf], [0.5, 0.5, 0.6, 0.1, 0.0]) == 0.25
    with pytest.raises(ValueError, match="same runs"):
        paired_runs([1.0], [])


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=9))
def test_paired_runs_are_exact(gaps):
    zeros = [0] * len(gaps)
    exact = paired_runs(gaps, zeros)
    flips = [abs(np.dot(signs, gaps)) for signs in product((1, -1), repeat=len(gaps))]
    assert exact == pytest.approx(np.mean([flip >= abs(sum(gaps)) for flip in flips]))


def test_paired_runs_by_random_flips():
    gaps = np.random.default_rng(0).normal(0.3, 1.0, 17)
    assert paired_runs(gaps, 0 * gaps, draws=1 << 16) == pytest.approx(paired_runs(gaps, 0 * gaps), abs=5e-3)


@settings(max_examples=20)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30))
def test_bootstrap_interval_lies_in_the_data(values):
    found = bootstrap(values, draws=200)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found.n == len(values)


def test_non_finite_values_lower_n():
    assert estimate([1.0, float("nan"), 3.0], "mean").n == 2
    assert estimate([1.0, 0.0], "rate").k == 1
    assert np.isnan(estimate([], "mean").value)
    assert "1/2 = 0.50" in str(estimate([1.0, 0.0], "rate"))
