"""Depth images become clouds: exact against points that were projected, in the wanted frame, cropped."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.contracts import Signature
from simplatform.deployment.clouds import in_farthest_order, one_of_each
from simplatform.deployment.depth import Camera, cloud_of, flat
from simplatform.deployment.frames import Frames
from simplatform.errors import ContractError, DataError, FrameError

K = np.array([[50.0, 0, 16], [0, 60.0, 12], [0, 0, 1]])


def pose(seed=0):
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return np.block([[turn, np.array([[0.3], [-0.2], [0.5]])], [np.zeros((1, 3)), np.ones((1, 1))]])


def test_points_of_a_plane_come_back_in_the_robots_frame():
    normal, offset = np.array([0.1, -0.2, 1.0]), 0.8  # the plane n · p = d, in the camera's frame
    rows, columns = np.mgrid[:24, :32]
    rays = np.stack([columns, rows, np.ones_like(rows)], -1) @ np.linalg.inv(K).T
    depth = offset / (rays @ normal)
    cloud = cloud_of(1000 * depth, K, pose(), scale=0.001)
    assert cloud.shape == (24 * 32, 3)
    camera = (cloud - pose()[:3, 3]) @ pose()[:3, :3]
    assert np.allclose(camera @ normal, offset, atol=1e-5)
    pixels = camera @ K.T
    assert np.allclose(pixels[:, :2] / pixels[:, 2:], np.stack([columns, rows], -1).reshape(-1, 2), atol=1e-3)


def test_holes_and_what_is_outside_of_the_crop_are_left_out_and_colour_stays_with_its_point():
    depth = np.full((24, 32), 0.5)
    depth[0], depth[1], depth[2] = 0.0, np.nan, np.inf
    colour = np.zeros((24, 32, 3))
    colour[10, 20] = [255, 0, 0]
    cloud = cloud_of(depth, K, colour=colour)
    assert len(cloud) == 21 * 32
    (red,) = cloud[cloud[:, 3] == 255]
    assert np.allclose(red[:3], [0.5 * 4 / 50, 0.5 * -2 / 60, 0.5])
    box = (np.array([0.0, -1, -1]), np.array([1.0, 1, 1]))
    assert (cloud_of(depth, K, crop=box)[:, 0] >= 0).all()
    with pytest.raises(DataError, match="no point is left"):
        cloud_of(depth, K, crop=(np.full(3, 5.0), np.full(3, 6.0)))


def test_samples_are_in_farthest_order_and_voxels_hold_one_point_each():
    depth = np.random.default_rng(0).uniform(0.4, 0.6, (24, 32))
    assert in_farthest_order(cloud_of(depth, K, points=64))
    thinned = cloud_of(depth, K, voxel=0.05)
    whole = cloud_of(depth, K)
    cubes = lambda points: {tuple(row) for row in np.floor(points.astype(np.float64) / 0.05).astype(int)}  # noqa: E731
    assert len(thinned) == len(cubes(whole))
    points = np.array([[0.0, 0, 0], [0.4, 0, 0], [0.5, 0, 0], [3, 0, 0]])
    assert one_of_each(points, 1.0).tolist() == [1, 3]


def test_shapes_are_checked():
    for depth, k, pose_, colour in (
        (np.ones(3), K, None, None), (np.ones((2, 2)), np.eye(4), None, None), (np.ones((2, 2)), K, np.eye(3), None),
        (np.ones((2, 2)), K, None, np.ones((2, 2))),
    ):  # fmt: skip
        with pytest.raises(DataError, match=r"expected depth|extrinsics"):
            cloud_of(depth, k, pose_, colour=colour)


CAMERA = Camera("depth", (50, 60, 16, 12), tuple(map(tuple, pose().tolist())), 0.001, colour="img")


def read(frame, **changes):
    about = {**CAMERA.declaration((24, 32), 64), **changes}
    signature = Signature({"point_cloud": (16, 6)}, (2,), {"clouds": {"point_cloud": {"points": 16, "depth": about}}})
    return Frames(signature).read(frame)["point_cloud"]


def test_a_raw_frame_of_the_camera_becomes_the_cloud_whatever_its_channels_and_prefix():
    draws = np.random.default_rng(0)
    depth, colour = draws.uniform(400, 600, (24, 32)), draws.integers(0, 255, (24, 32, 3)).astype(np.uint8)
    wanted = cloud_of(depth, K, pose(), scale=0.001, colour=colour, points=64)[:16]
    np.testing.assert_array_equal(read({"depth": depth, "img": colour}), wanted)
    again = {"observation.depth": depth[None], "obs/img": np.moveaxis(colour, -1, 0)}
    np.testing.assert_array_equal(read(again), wanted)
    np.testing.assert_array_equal(read({"point_cloud": wanted}), wanted)  # a cloud is taken as it is
    assert flat(depth[..., None]).shape == flat(depth[None]).shape == flat(depth).shape == (24, 32)


@pytest.mark.parametrize(
    ("depth", "colour", "words"),
    [(np.zeros((24, 32)), (24, 32, 3), "'depth' shows no point: it is empty"),
     (np.full((24, 32), np.nan), (24, 32, 3), "'depth' shows no point: it is empty"),
     (np.full((24, 31), 500.0), (24, 32, 3), r"'depth' has shape \(24, 31\), expected \(24, 32\)"),
     (np.full((24, 32), 500.0), (24, 32), r"'img' has shape \(24, 32\), expected \(24, 32, 3\)"),
     (np.full((24, 32), 500.0), None, r"no 'point_cloud' \(nor depth and img, of which it was made\)"),
     (np.full((24, 32), 0.5), (24, 32, 3), "within the crop: is its unit another one")],
)  # fmt: skip
def test_broken_depth_images_are_refused_by_name(depth, colour, words):
    frame = {"depth": depth} | ({} if colour is None else {"img": np.ones(colour, np.uint8)})
    with pytest.raises(FrameError, match=words):
        read(frame, crop=((0.31, -3, -3), (3, 3, 3)) if (depth == 0.5).all() else None)


def test_a_camera_that_is_none_is_no_declaration():
    for changes in ({"image": 3}, {"intrinsics": [1, 2]}, {"size": [3]}, {"points": 0}):
        with pytest.raises(ContractError, match="table of tables"):
            read({}, **changes)
