"""Collect: the expert acts in the environment, and its episodes become demonstrations. Cached by content."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
import torch

from simplatform.errors import DataError
from simplatform.pipeline.collect import collect
from simplatform.recipes import find_task
from simplatform.runs.files import exclusive


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


def test_it_says_for_what_it_waits(tmp_path):
    task, said, free = find_task("toy/point"), [], threading.Event()
    path = collect(task, count=2, seed=0, root=tmp_path).path
    shutil.rmtree(path)
    held = threading.Event()

    def hold():
        with exclusive(path):
            held.set()
            free.wait(20)

    def say(text):
        said.append(text)
        free.set()

    other = threading.Thread(target=hold)
    other.start()
    held.wait(20)
    found = collect(task, count=2, seed=0, root=tmp_path, say=say)
    other.join()
    assert said == [f"waiting for another process that makes {path.name}"]
    assert len(found.demonstrations) == 2


def test_an_expert_that_fails_is_said_with_the_reason(monkeypatch, tmp_path):
    from simplatform_toy.env import ToyExpert

    monkeypatch.setattr(ToyExpert, "act", lambda self, seen, *, generator: torch.full((1, 1, 2), float("nan")))
    with pytest.raises(DataError, match=r"failed in \d+ of \d+ episodes: .*non-finite action.*mend the expert"):
        collect(find_task("toy/point"), count=1, seed=0, attempts=2, root=tmp_path)
