"""Minari opens what we write, and we open what Minari wrote."""

from __future__ import annotations

from pathlib import Path

import gymnasium
import h5py
import minari
import numpy as np
import pytest
from minari.data_collector.episode_buffer import EpisodeBuffer

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.envs.recorded.formats.minari import read_minari, write_minari
from simplatform.errors import DataError


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    return tmp_path / "minari"


class Tiny(gymnasium.Env):
    observation_space = gymnasium.spaces.Dict({"x": gymnasium.spaces.Box(-9, 9, (2,), np.float32)})
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)


def make(lengths: tuple[int, ...] = (4, 2)) -> Demonstrations:
    rng = np.random.default_rng(0)
    return Demonstrations(
        [
            Episode(
                {"x": rng.normal(size=(steps + 1, 2)).astype(np.float32)},
                rng.uniform(-1, 1, (steps, 1)).astype(np.float32),
                {"success": np.arange(steps, dtype=float)},
                seed=40 + steps,
            )
            for steps in lengths
        ]
    )


def test_minari_opens_what_we_write():
    write_minari(make(), "simplatform/tiny-v0", Tiny())
    dataset = minari.load_dataset("simplatform/tiny-v0")
    assert dataset.spec.dataset_id == "simplatform/tiny-v0"
    assert dataset.total_episodes == 2
    assert dataset.total_steps == 6
    for ours, theirs in zip(make(), dataset.iterate_episodes(), strict=True):
        np.testing.assert_array_equal(theirs.actions, ours.actions)
        np.testing.assert_array_equal(theirs.observations["x"], ours.observations["x"])


def test_we_read_it_again_by_id_and_by_folder():
    folder = write_minari(make(), "simplatform/tiny-v0", Tiny())
    for source in ("simplatform/tiny-v0", folder, folder / "data"):
        read = read_minari(source)
        assert read.content_hash() == make().content_hash()
        assert [episode.seed for episode in read] == [44, 42]
        np.testing.assert_array_equal(read[0].infos["success"], [0, 1, 2, 3])


def test_we_read_what_minari_wrote():
    def buffer(steps: int, seed: int) -> EpisodeBuffer:
        nested = {"arm": {"pose": np.arange(steps + 1, dtype=float)}, "note": ["text"] * (steps + 1)}
        ends = [False] * (steps - 1) + [True]
        observations = np.full((steps + 1, 4), seed, np.float32)
        return EpisodeBuffer(None, seed, None, observations, np.zeros(steps, int), [1.0] * steps, ends, ends, nested)

    env = gymnasium.make("CartPole-v1")
    minari.create_dataset_from_buffers("ours/cartpole-v0", [buffer(5, 3), buffer(2, 4)], env=env)
    read = read_minari("ours/cartpole-v0")
    assert read[0].observations["observation"].shape == (6, 4)
    assert [(len(episode), episode.seed) for episode in read] == [(5, 3), (2, 4)]
    np.testing.assert_array_equal(read[1].infos["arm/pose"], [1, 2])


def test_infos_without_one_for_the_reset_are_kept_and_an_episode_cut_off_is_left_out():
    folder = write_minari(make((4, 3, 2)), "simplatform/tiny-v0", Tiny())
    with h5py.File(folder / "data" / "main_data.hdf5", "r+") as file:
        infos = file["episode_0"].require_group("infos")
        if "force" in infos:
            del infos["force"]
        infos["force"] = np.arange(4.0)
        short = file["episode_1/observations/x"][:2]
        del file["episode_1/observations/x"]
        file["episode_1/observations/x"] = short
    read = read_minari("simplatform/tiny-v0")
    assert [len(episode) for episode in read] == [4, 2]
    np.testing.assert_array_equal(read[0].infos["force"], np.arange(4.0))
    (skipped,) = read.source["skipped"]
    assert "episode 1" in skipped
    assert "2 entries for 3 actions" in skipped


def test_the_metaworld_environment_can_be_stored(tmp_path):
    env = gymnasium.make("simplatform/MetaWorld-v0", points=8, camera_size=16, max_steps=3)
    observations = [env.reset(seed=0)[0]] + [env.step(np.zeros(4, np.float32))[0] for _ in range(3)]
    stacked = {key: np.stack([o[key] for o in observations]) for key in observations[0]}
    write_minari(Demonstrations([Episode(stacked, np.zeros((3, 4), np.float32))]), "simplatform/robot-v0", env)
    dataset = minari.load_dataset("simplatform/robot-v0")
    np.testing.assert_array_equal(next(dataset.iterate_episodes()).observations["point_cloud"], stacked["point_cloud"])
    again = dataset.recover_environment()
    np.testing.assert_array_equal(again.reset(seed=0)[0]["state"], observations[0]["state"])


def test_what_cannot_be_is_refused(root):
    with pytest.raises(DataError, match="namespace/name-v0"):
        write_minari(make(), "no version", Tiny())
    write_minari(make(), "simplatform/tiny-v0", Tiny())
    with pytest.raises(DataError, match="exists already"):
        write_minari(make(), "simplatform/tiny-v0", Tiny())
    with pytest.raises(DataError, match="minari download"):
        read_minari("simplatform/other-v0")
    (root / "simplatform" / "tiny-v0" / "data" / "main_data.hdf5").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"damaged|no Minari dataset"):
        read_minari("simplatform/tiny-v0")
