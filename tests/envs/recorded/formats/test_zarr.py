"""DP3's zarr layout: what is written is read again, and what does not fit is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.envs.recorded.formats.zarr import read_zarr, write_zarr
from simplatform.errors import DataError

zarr = pytest.importorskip("zarr", reason="zarr comes with simplatform[pointcloud]")


def make(lengths: tuple[int, ...] = (5, 3), points: int = 8) -> Demonstrations:
    rng = np.random.default_rng(0)

    def episode(steps: int) -> Episode:
        observations = {
            "agent_pos": rng.normal(size=(steps + 1, 9)).astype(np.float32),
            "point_cloud": rng.normal(size=(steps + 1, points, 3)).astype(np.float32),
            "state": rng.normal(size=(steps + 1, 39)).astype(np.float32),
        }
        return Episode(observations, rng.uniform(-1, 1, (steps, 4)).astype(np.float32))

    return Demonstrations([episode(steps) for steps in lengths])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_zarr(make(), tmp_path / "demo.zarr")
    return tmp_path / "demo.zarr"


def test_episodes_survive_the_journey(path):
    for ours, back in zip(make(), read_zarr(path), strict=True):
        np.testing.assert_array_equal(back.actions, ours.actions)
        for key, values in ours.observations.items():
            np.testing.assert_array_equal(back.observations[key][:-1], values[:-1])
            np.testing.assert_array_equal(back.observations[key][-1], values[-2])


def test_layout_is_that_of_dp3(path):
    root = zarr.open_group(str(path), mode="r")
    assert root.metadata.zarr_format == 2
    assert root["data/point_cloud"].shape == (8, 8, 6)
    assert root["data/full_state"].shape == (8, 39)
    assert {root[f"data/{k}"].dtype for k in ("state", "action", "point_cloud")} == {np.dtype("float32")}
    np.testing.assert_array_equal(root["meta/episode_ends"][:], [5, 8])
    assert root["meta/episode_ends"].dtype == np.int64
    assert (path / "data" / "action" / ".zarray").read_text().count("zstd") == 1


def test_colours_survive_the_journey_and_the_zeros_in_their_place_do_not(path, tmp_path):
    assert read_zarr(path)[0].observations["point_cloud"].shape == (6, 8, 3)
    coloured = Demonstrations(
        [
            Episode({**e.observations, "point_cloud": np.repeat(e.observations["point_cloud"], 2, -1)}, e.actions)
            for e in make()
        ]
    )
    write_zarr(coloured, tmp_path / "colour.zarr")
    for ours, back in zip(coloured, read_zarr(tmp_path / "colour.zarr"), strict=True):
        np.testing.assert_array_equal(back.observations["point_cloud"][:-1], ours.observations["point_cloud"][:-1])


def test_zip_of_a_dataset_opens(path, tmp_path):
    import shutil

    archive = Path(shutil.make_archive(str(tmp_path / "demo.zarr"), "zip", path))
    np.testing.assert_array_equal(read_zarr(archive)[1].actions, make()[1].actions)


def replace(path: Path, name: str, values: np.ndarray) -> None:
    root = zarr.open_group(str(path), mode="r+")
    del root[name]
    root.create_array(name, data=values)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("meta/episode_ends", np.array([5, 5, 8]), "must increase"),
        ("meta/episode_ends", np.array([0, 8]), "must increase"),
        ("meta/episode_ends", np.array([5, 7]), "ends at 7, but there are 8"),
        ("meta/episode_ends", np.array([5.0, 8.0]), "whole numbers"),
        ("data/action", np.zeros((7, 4), np.float32), "data/action has 7"),
        ("data/state", np.zeros((8, 3, 3), np.float32), "expected 2 dimensions"),
        ("data/point_cloud", np.zeros((8, 8, 4), np.float32), r"\(n, points, 3\)"),
        ("data/state", np.full((8, 9), np.nan, np.float32), "not finite"),
        ("data/action", np.array([["text"] * 4] * 8, dtype="<U4"), "expected numbers"),
    ],
)
def test_what_does_not_fit_is_refused(path, name, values, message):
    replace(path, name, values)
    with pytest.raises(DataError, match=message):
        read_zarr(path)


def test_missing_fields_are_named(path):
    root = zarr.open_group(str(path), mode="r+")
    del root["data/action"]
    with pytest.raises(DataError, match="data/action missing; there are full_state, point_cloud, state"):
        read_zarr(path)


def test_what_diffusion_policy_writes_is_read(path):
    root = zarr.open_group(str(path), mode="r+")
    for name in ("data/point_cloud", "data/full_state"):
        del root[name]
    images = np.arange(8 * 48, dtype=np.float32).reshape(8, 4, 4, 3)
    root.create_array("data/img", data=images)
    root.create_array("data/keypoint", data=np.arange(8 * 18, dtype=np.float32).reshape(8, 9, 2))
    found = read_zarr(path)
    assert {key: values.shape for key, values in found[0].observations.items()} == {
        "agent_pos": (6, 9),
        "img": (6, 4, 4, 3),
        "keypoint": (6, 9, 2),
    }
    np.testing.assert_array_equal(found[1].observations["img"][:], images[[5, 6, 7, 7]])
    root.create_array("data/agent_pos", data=np.ones((8, 2), np.float32))
    assert {"agent_pos", "state"} <= set(read_zarr(path)[0].observations)  # their own names, where both are there
    for name in ("data/agent_pos", "data/state", "data/keypoint", "data/img"):
        del root[name]
    with pytest.raises(DataError, match="no observation"):
        read_zarr(path)


def test_optional_fields_may_be_missing(path):
    del zarr.open_group(str(path), mode="r+")["data/full_state"]
    assert set(read_zarr(path)[0].observations) == {"agent_pos", "point_cloud"}


def test_other_things_are_refused(path, tmp_path):
    del zarr.open_group(str(path), mode="r+")["meta/episode_ends"]
    with pytest.raises(DataError, match="meta/episode_ends"):
        read_zarr(path)
    (tmp_path / "file.zarr").write_text("no dataset")
    for wrong in ("file.zarr", "nothing.zarr"):
        with pytest.raises(DataError, match=wrong):
            read_zarr(tmp_path / wrong)


def test_damaged_chunks_are_refused(path):
    (path / "data" / "action" / "0.0").write_bytes(b"not zstd")
    with pytest.raises(DataError, match="damaged"):
        read_zarr(path)


def test_nothing_is_overwritten_and_nothing_half_written(path, tmp_path):
    with pytest.raises(DataError, match="exists already"):
        write_zarr(make(), path)
    without = [Episode({"agent_pos": np.zeros((3, 9))}, np.zeros((2, 4)))]
    with pytest.raises(DataError, match="point_cloud missing"):
        write_zarr(Demonstrations(without), tmp_path / "new.zarr")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["demo.zarr"]


@pytest.fixture
def little(monkeypatch):
    """Allow ten megabytes, and what the program itself takes."""
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.01")
    monkeypatch.setattr("simplatform.budgets.BESIDE", 1 << 26)


BUDGET = r"asks for .*(limit is 0\.01 GiB|than the 0\.01 GiB).*SIMPLATFORM_READ_GIB"


@pytest.mark.parametrize("codec", ["Zstd", "Blosc", "Zlib", "GZip", "BZ2", "LZ4"])
def test_a_piece_that_unfolds_beyond_the_budget_is_refused(path, codec, little):
    import numcodecs

    packer = getattr(numcodecs, codec)()
    card = path / "data" / "action" / ".zarray"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"compressor": packer.get_config()}))
    (piece,) = (file for file in card.parent.iterdir() if file.name[0] != ".")
    piece.write_bytes(packer.encode(np.zeros(1 << 28, np.uint8)))
    with pytest.raises(DataError, match=BUDGET):
        read_zarr(path)


@pytest.mark.parametrize("changes", [{"chunks": [10**9, 4]}, {"shape": [10**9, 4]}], ids=["piece", "array"])
def test_sizes_are_compared_before_anything_is_unfolded(path, changes, little):
    card = path / "data" / "action" / ".zarray"
    card.write_text(json.dumps(json.loads(card.read_text()) | changes))
    with pytest.raises(DataError, match=BUDGET):
        read_zarr(path)


def test_arrays_are_held_to_the_budget_together(path, little, monkeypatch):
    read_zarr(path)
    for name in ("action", "state", "full_state"):
        card = path / "data" / name / ".zarray"
        found = json.loads(card.read_text())
        card.write_text(json.dumps(found | {"shape": [5_000_000 // (4 * found["shape"][1]), found["shape"][1]]}))
    with pytest.raises(DataError, match=BUDGET):
        read_zarr(path)


@pytest.mark.filterwarnings("error")
def test_a_stray_file_is_left_alone_without_a_word(path):
    (path / "data" / "notes").mkdir()
    (path / "data" / "notes" / "read.me").write_text("mine")
    assert len(read_zarr(path)) > 0
