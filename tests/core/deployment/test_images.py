"""A frame's images: any layout and type becomes bytes of one size; what is no picture is named."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.contracts import Signature
from simplatform.deployment.frames import Frames
from simplatform.deployment.images import as_bytes, is_image, resized, views
from simplatform.errors import FrameError

PICTURE = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)


def test_layouts_and_types_are_told_apart():
    channels_first = np.moveaxis(PICTURE, -1, 0)
    np.testing.assert_array_equal(as_bytes(channels_first, unit=False), PICTURE)
    np.testing.assert_array_equal(as_bytes((PICTURE / 255.0)[None], unit=True)[0], PICTURE)
    np.testing.assert_array_equal(as_bytes(PICTURE.astype(np.float32), unit=False), PICTURE)
    np.testing.assert_array_equal(as_bytes(PICTURE[..., :1], unit=False), PICTURE[..., [0, 0, 0]])
    assert as_bytes(np.float32([[[0.0, -1e-3, 1.001]]]), unit=True).tolist() == [[[0, 0, 255]]]  # resampled
    assert [is_image(shape) for shape in ((6, 8, 3), (3, 6, 8), (6, 8), (6, 8, 2), (0, 8, 3))] == [True, True] + 3 * [
        False
    ]


def test_shrinking_averages_and_one_size_is_left_alone():
    checks = np.indices((8, 8)).sum(0) % 2 * 255
    image = np.repeat(checks[..., None], 3, -1).astype(np.uint8)
    small = resized(image, 2).astype(int)
    assert small.shape == (2, 2, 3)
    assert np.abs(small - 127).max() < 16
    assert resized(image, 8) is image


@pytest.mark.parametrize(
    ("seen", "message"),
    [({"image": PICTURE[..., 0]}, "of 6 cameras"), ({"a": PICTURE, "b": np.zeros((3, 2))}, "camera 1 gives float"),
     ({"a": PICTURE, "b": 7 + 0 * PICTURE}, "camera 1 gives an image of one colour"), ({"a": PICTURE}, "nor a and b"),
     ({"a": PICTURE, "b": np.array(["x"])}, "expected numbers"),
     ({"a": PICTURE, "b": PICTURE / 127.5 - 1}, r"camera 1: an image holds values from -1 to 1: expected 0 to 1"),
     ({"a": PICTURE, "b": PICTURE.astype(np.uint16) * 257}, "expected 0 to 255"),
     ({"a": PICTURE, "b": np.where(PICTURE > 200, np.nan, PICTURE / 255.0)}, "values from nan to nan")],
)  # fmt: skip
def test_frames_without_a_picture_are_refused(seen, message):
    with pytest.raises(FrameError, match=message):
        reader().read(seen)


def test_cameras_are_found_by_their_names_or_together():
    both = views([PICTURE, PICTURE[::-1]], 4)
    assert (both.shape, both.dtype) == ((2, 4, 4, 3), np.uint8)
    for seen in ({"observation.a": PICTURE, "b": PICTURE[::-1] / 255.0}, {"image": both}):
        np.testing.assert_array_equal(reader().read(seen)["image"], both)
    covered = reader(plain=True).read({"a": PICTURE, "b": 0 * PICTURE})["image"]
    assert not covered[1].any()


def reader(**more):
    about = {"size": 4, "cameras": 2, **more}
    return Frames(Signature({"image": (2, 4, 4, 3)}, (1,), {"images": {"image": about}, "keys": {"image": ["a", "b"]}}))
