"""robomimic's HDF5 is read; what is missing is named."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.formats import open_demonstrations, save_demonstrations
from simplatform.envs.recorded.formats.robomimic import read_robomimic
from simplatform.errors import DataError


def write(path, lengths=(3, 5) + (4,) * 9):
    draws = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["env_args"] = json.dumps({"env_name": "Lift", "type": 1, "env_kwargs": {}})
        for number, length in enumerate(lengths):
            demo = data.create_group(f"demo_{number}")
            demo["actions"], demo["rewards"] = np.full((length, 7), number, float), np.zeros(length)
            demo["obs/robot0_eef_pos"] = draws.normal(size=(length, 3))
            demo["obs/agentview_image"] = np.full((length, 4, 4, 3), number, np.uint8)
    return path


def test_episodes_are_in_the_order_of_their_numbers_and_images_are_read_when_asked_for(tmp_path):
    found = open_demonstrations(write(tmp_path / "low_dim.hdf5"))
    assert [float(episode.actions[0, 0]) for episode in found] == list(range(11))
    assert [len(episode) for episode in found][:3] == [3, 5, 4]
    assert set(found[0].observations) == {"robot0_eef_pos", "agentview_image"}
    assert found.source == {"format": "robomimic", "task": "Lift"}
    later = open_demonstrations(tmp_path / "low_dim.hdf5", lazy=True)[2].observations["agentview_image"]
    assert (later.shape, later.dtype) == ((5, 4, 4, 3), np.uint8)
    assert not isinstance(later, np.ndarray)
    assert (later[3:] == 2).all()
    new = save_demonstrations(found, tmp_path / "new.hdf5")
    again = open_demonstrations(new)
    assert again.content_hash() == found.content_hash()
    assert again.source["task"] == "Lift"
    with pytest.raises(DataError, match="exists already"):
        save_demonstrations(found, new)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["low_dim.hdf5", "new.hdf5"]


def test_nested_names_come_back(tmp_path):
    data = Demonstrations([Episode({"arm/pose": np.zeros((4, 3))}, np.zeros((3, 2)), {"reward": np.arange(3.0)})])
    (again,) = open_demonstrations(save_demonstrations(data, tmp_path / "new.hdf5"))
    assert set(again.observations) == {"arm/pose"}
    assert list(again.infos["reward"]) == [0, 1, 2]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: f.pop("data"), "no data/demo_0"),
        (lambda f: f["data/demo_1"].pop("obs"), "data/demo_1/obs is missing; robomimic's dataset_states_to_obs"),
        (lambda f: f["data/demo_0"].pop("actions"), "data/demo_0/actions is missing"),
        (lambda f: f["data/demo_0/obs"].create_dataset("short", data=np.zeros((2, 3))), "short has 2 steps"),
        (lambda f: f["data/demo_1/actions"].write_direct(np.full((5, 7), np.nan)), "first in episode 1, frame 0"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, damage, message):
    path = write(tmp_path / "low_dim.hdf5")
    with h5py.File(path, "r+") as file:
        damage(file)
    with pytest.raises(DataError, match=message):
        read_robomimic(path)


@pytest.mark.parametrize("name", ["", ".", "..", "a//b", "/a"])
def test_names_that_cannot_be_read_again_are_not_written(tmp_path, name):
    episode = Episode({name: np.ones((4, 2), np.float32)}, np.ones((3, 2), np.float32))
    with pytest.raises(DataError, match="cannot be written"):
        save_demonstrations(Demonstrations([episode]), tmp_path / "x.hdf5")
    assert not list(tmp_path.iterdir())
