"""Collect: the expert acts in the environment, and its episodes become demonstrations. Cached by content."""

from __future__ import annotations

import numpy as np

from simplatform.pipeline.collect import collect
from simplatform.recipes import find_task


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
