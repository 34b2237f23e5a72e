"""Where in recordings something is: counted over episodes, the first place by episode and frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.envs.recorded.frames import Tally, is_cloud, refuse_holes, require_alike
from simplatform.errors import DataError


def episode(**broken):
    fields = {"state": np.zeros((5, 2)), "point_cloud": np.zeros((5, 8, 3))}
    for name, (frame, value) in broken.items():
        fields[name][frame].flat[0] = value
    return Episode(fields, np.zeros((4, 1)))


def test_a_tally_counts_values_and_frames_and_remembers_the_first_place():
    tally, values = Tally(), np.arange(12.0).reshape(4, 3)
    assert not tally
    tally.add(0, values > 99)
    assert not tally
    tally.add(2, values > 6, values)
    tally.add(3, values > 99)
    tally.add(5, values > 10, values)
    assert (tally.values, tally.frames, tally.first) == (5 + 1, 2 + 1, (2, 2))
    assert tally.where == "first in episode 2, frame 2"
    assert tally.examples == [7.0, 11.0]


@pytest.mark.parametrize(
    ("name", "shape", "cloud"),
    [("point_cloud", (5, 8, 3), True), ("agent_points", (5, 8, 6), True), ("point_cloud", (5, 8), False),
     ("state", (5, 8, 3), False), ("pcd", (5, 8, 2), False), ("pcd", (5, 8, 64), False)],
)  # fmt: skip
def test_clouds_are_so_called_and_hold_points(name, shape, cloud):
    assert is_cloud(name, np.zeros(shape)) is cloud


def test_a_hole_is_named_by_episode_and_frame_but_for_points_that_a_camera_did_not_see():
    refuse_holes(Demonstrations([episode(), episode(point_cloud=(3, np.nan))]), "file")
    with pytest.raises(DataError, match=r"file: 'state' .* first in episode 1, frame 3"):
        refuse_holes(Demonstrations([episode(), episode(state=(3, np.inf))]), "file")


def made(width=2, **more):
    return Episode({"state": np.ones((4, width), np.float32), **more}, np.ones((3, 2), np.float32))


def cloud(points):
    return np.ones((4, points, 3), np.float32)


@pytest.mark.parametrize(
    ("episodes", "message"),
    [
        ([made(), made(3)], r"'state' is of shape \(3,\) in episode 1 and of shape \(2,\) in the first one"),
        ([made(), made(point_cloud=cloud(5))], r"'point_cloud' is of shape \(3,\) in episode 1 and missing in the"),
        ([made(), replace(made(), actions=np.ones((3, 5), np.float32))], r"'action' is of shape \(5,\) in episode 1"),
        ([made(0)], r"'state' holds nothing in episode 0: its shape is \(4, 0\)"),
        ([made(point_cloud=cloud(0))], r"'point_cloud' holds nothing in episode 0: its shape is \(4, 0, 3\)"),
        ([replace(made(), actions=np.ones((3, 0), np.float32))], "'action' holds nothing in episode 0"),
    ],
)
def test_episodes_that_are_not_alike_are_refused_by_name(episodes, message):
    with pytest.raises(DataError, match=rf"x: {message}"):
        require_alike(Demonstrations(episodes), "x")


def test_clouds_may_differ_in_points():
    require_alike(Demonstrations([made(point_cloud=cloud(5)), made(point_cloud=cloud(7))]), "x")
    require_alike(Demonstrations([]), "x")
