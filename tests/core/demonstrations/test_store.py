"""Demonstrations on disk: each set is a Minari dataset (HDF5 + JSON), so that other tools open it too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simplatform.demonstrations import Demonstrations, store
from simplatform.errors import DataError
from simplatform.pipeline.collect import collect
from simplatform.pipeline.environments import make_env
from simplatform.recipes import find_task
from tests.core.demonstrations.data_cases import episode


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
