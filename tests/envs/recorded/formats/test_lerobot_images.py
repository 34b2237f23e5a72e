"""LeRobot's cameras: pictures in the rows, a video an episode (v2.1), videos of several episodes (v3)."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

import simplatform as sp
from simplatform.demonstrations.formats import open_demonstrations, save_demonstrations
from simplatform.demonstrations.losses import losses
from simplatform.envs.recorded.formats.lerobot_images import picture
from simplatform.errors import DataError
from tests.envs.recorded.cases import filmed, lerobot

pytest.importorskip("av", reason="pip install 'simplatform[video]'")
DATA = filmed((4, 7, 5))
KINDS = [("v3.0", "video", 3), ("v2.1", "video", 3), ("v3.0", "image", 0), ("v2.1", "image", 0)]


@pytest.mark.parametrize(("version", "images", "atol"), KINDS)
def test_each_frame_is_its_own(tmp_path, version, images, atol):
    found = open_demonstrations(lerobot(tmp_path / "set", DATA, version, images), lazy=True)
    assert found.source["skipped"] == []
    for ours, back in zip(reversed(DATA), reversed(found), strict=True):
        seen = back.observations["images.top"]
        assert not isinstance(seen, np.ndarray)
        assert (seen.shape, seen.dtype) == ((len(ours) + 1, 24, 24, 3), np.uint8)
        wanted = ours.observations["images.top"].astype(int)
        np.testing.assert_allclose(seen[:-1].astype(int), wanted[:-1], atol=atol)
        np.testing.assert_array_equal(seen[-1], seen[-2])


def test_missing_and_damaged_files_are_named(tmp_path):
    path = tmp_path / "two"
    lerobot(path, DATA, "v2.1")
    (path / "videos/chunk-000/observation.images.top/episode_000001.mp4").unlink()
    with pytest.raises(DataError, match=r"no video of observation\.images\.top for episode 1"):
        open_demonstrations(path)
    path = tmp_path / "three"
    lerobot(path, DATA, "v3.0")
    episodes = path / "meta/episodes/chunk-000/file-000.parquet"
    pq.write_table(pq.read_table(episodes).select(["episode_index"]), episodes)
    with pytest.raises(DataError, match="does not say where the videos"):
        open_demonstrations(path)


@pytest.mark.parametrize("version", ["v2.1", "v3.0"])
@pytest.mark.parametrize("name", ["../outside", "/outside", "..", "a/b", "", "a\\b"])
def test_a_camera_whose_name_leads_out_of_the_dataset_is_refused(tmp_path, version, name):
    path = tmp_path / "set"
    lerobot(path, DATA, version)
    file = path / "meta/info.json"
    info = json.loads(file.read_text())
    info["features"][name] = info["features"].pop("observation.images.top")
    file.write_text(json.dumps(info))
    with pytest.raises(DataError, match="no name within its folder"):
        open_demonstrations(path)


@pytest.mark.parametrize(
    ("value", "message"),
    [(None, "no picture but a name"), ({"bytes": None, "path": "x.png"}, "no picture but a name"),
     ({"bytes": b"GIF89a"}, "is no picture"), (b"\x89PNG\r\n\x1a\n and no more", "is no picture")],
)  # fmt: skip
def test_what_is_no_picture_is_refused(value, message):
    with pytest.raises(DataError, match=message):
        picture(value, "row 3")


def test_rows_in_several_files_and_groups(tmp_path):
    path = tmp_path / "set"
    lerobot(path, DATA, "v3.0", "image")
    file = path / "data/chunk-000/file-000.parquet"
    table = pq.read_table(file)
    pq.write_table(table.slice(9), file, row_group_size=2)
    pq.write_table(table.slice(0, 9), file.with_name("file-001.parquet"), row_group_size=4)
    for ours, back in zip(DATA, open_demonstrations(path, lazy=True), strict=True):
        np.testing.assert_array_equal(back.observations["images.top"][:-1], ours.observations["images.top"][:-1])


@pytest.mark.parametrize("ending", [".lerobot", ".hdf5"])
def test_conversion_keeps_cameras_rate_robot_and_task(tmp_path, ending):
    given = open_demonstrations(lerobot(tmp_path / "set", DATA, "v2.1"))
    again = open_demonstrations(save_demonstrations(given, tmp_path / f"new{ending}"))
    assert losses(given, again) == []
    wanted = {"fps": 30, "robot": "so101", "task": "go to the red square"}
    assert {key: again.source[key] for key in wanted} == wanted
    images = again[1].observations["images.top"][:-1]
    np.testing.assert_array_equal(images, given[1].observations["images.top"][:-1])


def test_pictures_are_written_as_lerobot_has_them(tmp_path):
    path = save_demonstrations(DATA, tmp_path / "new.lerobot")
    feature = json.loads((path / "meta/info.json").read_text())["features"]["observation.images.top"]
    assert feature == {"dtype": "image", "shape": [24, 24, 3], "names": ["height", "width", "channels"]}
    stats = json.loads((path / "meta/stats.json").read_text())["observation.images.top"]
    np.testing.assert_allclose(np.ravel(stats["max"]), [250 / 255, 250 / 255, 40 / 255])
    assert np.shape(stats["mean"]) == (3, 1, 1)


def test_a_policy_is_trained_on_videos_and_carried_out(tmp_path):
    data = filmed()
    settings = {"env.path": lerobot(tmp_path / "set", data), "env.pixels": 16, "policy.widths": [8], "train.steps": 3,
                "train.batch": 8}  # fmt: skip
    run = sp.run("flow-matching", "replay", settings=settings, output=tmp_path / "runs", device="cpu", workers=1)
    assert np.isfinite(run.summary["action_error"]["value"])
    seen = data[0].observations
    with sp.deploy(run, deadline=30) as controller:
        assert controller.rate == 30
        action = controller({"observation.state": seen["state"][0], "observation.images.top": seen["images.top"][0]})
    assert action.shape == (4,)
    assert not controller.last.held
