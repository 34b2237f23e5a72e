"""Frames of a video come by their times, in any order; what is none, and PyAV's absence, are named."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from simplatform.envs.recorded.video import Video
from simplatform.errors import DataError, MissingDependency
from tests.envs.recorded.cases import film

pytest.importorskip("av", reason="pip install 'simplatform[video]'")
SIZE = (16, 32, 3)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    frames = np.stack([np.full(SIZE, 8 * number, np.uint8) for number in range(30)])
    place = tmp_path_factory.mktemp("film") / "film.mp4"
    film(place, frames, fps=15)
    return place


def test_frames_come_by_their_times_in_any_order(path):
    video = Video(path, 15)
    for wanted in ([0, 1, 2], [20, 21], [5, 7, 7], [29]):
        found = video.at(np.array(wanted) / 15 + 0.01, SIZE)
        np.testing.assert_allclose(found[:, 4, 4, 1], 8 * np.array(wanted), atol=2)
    video.close()
    assert video.at(np.array([0.0]), SIZE).max() <= 2


def test_times_and_sizes_that_are_not_there_are_refused(path, tmp_path):
    with pytest.raises(DataError, match=r"no frame at 2\.400 s"):
        Video(path, 15).at(np.array([2.4]), SIZE)
    with pytest.raises(DataError, match=r"has frames of \(16, 32, 3\), expected \(8, 8, 3\)"):
        Video(path, 15).at(np.array([0.0]), (8, 8, 3))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match="is no video that can be read"):
        Video(broken, 15).at(np.array([0.0]), SIZE)


def test_without_pyav_the_extra_is_named(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependency, match=r"simplatform\[video\].*env\.pixels=0"):
        Video(path, 15).at(np.array([0.0]), SIZE)
