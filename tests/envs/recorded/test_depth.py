"""Depth images become clouds: exact against points that were projected, in the wanted frame, cropped."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.demonstrations import Demonstrations
from simplatform.deployment.clouds import in_farthest_order, one_of_each
from simplatform.envs.recorded.depth import Camera, cloud_of
from simplatform.envs.recorded.reading import How, recording
from simplatform.errors import ConfigError, DataError
from tests.envs.recorded.cases import dp3, reach

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


@pytest.mark.parametrize("coloured", [False, True])
def test_depth_images_of_a_file_become_the_cloud_that_policies_see(tmp_path, coloured):
    data, draws = reach((4, 5, 3)), np.random.default_rng(0)
    depth = draws.uniform(400, 600, (12, 24, 32)).astype(np.float32)
    depth[6] = 0  # nothing was measured
    picture = draws.integers(0, 255, (12, 24, 32, 3)).astype(np.uint8)
    path = dp3(tmp_path / "own.zarr", data, point_cloud=None, depth=depth, img=picture)
    box = [[-0.2, -0.2, 0.0], [0.2, 0.2, 1.0]]
    table = {"image": "depth", "intrinsics": [50, 60, 16, 12], "scale": 0.001, "crop": box}
    found = recording(path, How.of(points=32, depth={**table, **({"colour": "img"} if coloured else {})}))
    seen = np.concatenate([one.observations["point_cloud"][:-1] for one in found.demonstrations])
    assert seen.shape == (12, 32, 6 if coloured else 3)
    paint = picture[2] if coloured else None
    wanted = cloud_of(depth[2], K, scale=0.001, crop=np.array(box), colour=paint, points=32)
    np.testing.assert_array_equal(seen[2], wanted)
    assert not seen[6].any()
    assert "1 frames hold zeros and no cloud; first in episode 1, frame 2" in " ".join(found.said)
    assert isinstance(found.demonstrations, Demonstrations)


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [({"image": "d"}, ConfigError, "intrinsics: Field req"), ({"image": "d", "fx": 3}, ConfigError, "has no 'fx'"),
     ({"image": "d", "intrinsics": [1, 2]}, ConfigError, r"\[fx, fy, cx, cy\]"), ("d", ConfigError, "env.depth: table"),
     ({"image": "d", "intrinsics": [1, 1, 0, 0]}, DataError, "no images 'd' in the file; there are")],
)  # fmt: skip
def test_wrong_cameras_are_named(tmp_path, table, error, message):
    path = dp3(tmp_path / "own.zarr", reach((4, 5, 3)))
    with pytest.raises(error, match=message):
        recording(path, How.of(depth=table))
    assert Camera.of({}) is None
