"""One name at a time, a piece of rows in memory: readings, clouds and images as policies see them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simplatform.demonstrations import Demonstrations
from simplatform.envs.recorded.columns import column_of, ranges
from simplatform.envs.recorded.reading import How
from simplatform.errors import DataError
from tests.envs.recorded.cases import filmed, reach

DATA = reach((5, 7))


def made(key, data=DATA, **settings):
    column = column_of(key, data, How.of(**settings))
    said, declared = [], {"clouds": {}, "images": {}, "units": {}}
    rows = np.concatenate(list(column.rows()))
    column.tell(said, declared)
    assert (rows.shape, column.dtype) == (column.shape, rows.dtype if key == "image" else np.float32)
    return rows, " ".join(said), declared


def cameras(*images):
    """Return a film in which the given images replace those of cameras."""
    seen = {f"image {number}" if number else "image": value for number, value in enumerate(images)}
    return Demonstrations([replace(filmed((3,))[0], observations=seen)])


def test_readings_are_those_of_all_episodes_and_far_ones_are_named():
    rows, said, _ = made("agent_pos")
    np.testing.assert_array_equal(rows, np.concatenate([one.observations["agent_pos"] for one in DATA]))
    low, high = rows.min(0), rows.max(0)
    assert said == "agent_pos: " + ", ".join(f"{a:.3g} to {b:.3g}" for a, b in zip(low, high, strict=True)) + (
        "; 3 of two values, as grippers are (policy.binary)"
    )
    assert ranges(np.full((3, 9), 0.7)).startswith("0.7 to 0.7, ")
    assert ranges(np.full((3, 9), 0.7)).endswith(" …; 0, 1, 2, 3, 4, 5, 6, 7, 8 constant")
    np.testing.assert_array_equal(made("action")[0], DATA.stacked_actions())


@pytest.mark.parametrize("piece", [1, 3000, 1 << 25])
def test_clouds_are_the_same_whatever_fits_into_memory(piece, monkeypatch):
    whole = made("point_cloud", points=8)[0]
    monkeypatch.setattr("simplatform.demonstrations.stored.PIECE", piece)
    rows, said, declared = made("point_cloud", points=8)
    np.testing.assert_array_equal(rows, whole)
    assert rows.shape == (6 + 8, 8, 3)
    assert "8 sampled" in said
    assert declared["clouds"]["point_cloud"]["points"] == 8
    assert declared["units"] == {"point_cloud": "m (a guess)"}


def test_images_of_all_cameras_have_one_size():
    first = filmed((3,))[0].observations["images.top"]
    second = np.moveaxis(first[:, :20], -1, 1) / np.float32(255)
    rows, said, declared = made("image", cameras(first, second), pixels=24)
    assert rows.shape == (4, 2, 24, 24, 3)
    np.testing.assert_array_equal(rows[:, 0], first)
    assert rows.dtype == np.uint8
    assert declared["images"] == {"image": {"size": 24, "cameras": 2}}
    assert "24 × 24, 20 × 24 pixels, seen as 24 × 24" in said


@pytest.mark.parametrize("value", [np.nan, -1.0, 3e4])
def test_what_no_image_holds_is_named_with_its_place(value, monkeypatch):
    monkeypatch.setattr("simplatform.demonstrations.stored.PIECE", 1)
    image = filmed((3,))[0].observations["images.top"] / np.float32(255)
    image[2, 0, 0, 0] = value
    with pytest.raises(DataError, match=r"image 1: episode 0, frame 2: an image holds values from"):
        made("image", cameras(np.zeros_like(image), image), pixels=24)


def test_frames_of_one_colour_are_named():
    image = filmed((3,))[0].observations["images.top"].copy()
    image[2] = 9
    _, said, declared = made("image", cameras(image), pixels=24)
    assert "1 frames are of one colour; first in episode 0, frame 2" in said
    assert declared["images"]["image"]["plain"] is True
