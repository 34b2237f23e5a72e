"""Point-cloud files and the operations that open3d serves."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from simplatform.envs.manipulation.vision import cloud_io
from simplatform.errors import DataError, MissingDependency

try:
    cloud_io.open3d()
except MissingDependency as error:
    pytest.skip(str(error), allow_module_level=True)


@pytest.fixture
def cloud() -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.3, 0.3, (400, 3)).astype(np.float32)


@pytest.mark.parametrize("suffix", cloud_io.SUFFIXES)
def test_files_give_back_what_was_written(tmp_path, cloud, suffix):
    path = tmp_path / f"cloud{suffix}"
    cloud_io.write_cloud(path, cloud, colours=np.abs(cloud))
    np.testing.assert_allclose(cloud_io.read_cloud(path), cloud, atol=1e-6)


def test_voxels_hold_the_mean_of_their_points():
    points = np.array([[0.01, 0, 0], [0.03, 0, 0], [0.55, 0, 0]], np.float32)
    sampled = cloud_io.voxel_down_sample(points, 0.1)
    np.testing.assert_allclose(sampled[np.argsort(sampled[:, 0])], [[0.02, 0, 0], [0.55, 0, 0]], atol=1e-6)


def test_registration_finds_a_known_motion(cloud):
    angle = 0.05
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    target = (cloud @ turn.T + [0.01, -0.008, 0.005]).astype(np.float32)
    found = cloud_io.register(cloud, target)
    np.testing.assert_allclose(found.transform[:3, :3], turn, atol=1e-5)
    np.testing.assert_allclose(found.apply(cloud), target, atol=1e-5)
    assert found.overlap == 1.0
    assert found.rmse < 1e-5


def test_bad_files_and_shapes_are_refused(tmp_path, cloud):
    with pytest.raises(DataError, match=r"\.ply or \.pcd"):
        cloud_io.write_cloud(tmp_path / "cloud.xyz", cloud)
    with pytest.raises(DataError, match="does not exist"):
        cloud_io.read_cloud(tmp_path / "nothing.ply")
    (tmp_path / "broken.pcd").write_bytes(b"no cloud at all")
    with pytest.raises(DataError, match="holds no points"):
        cloud_io.read_cloud(tmp_path / "broken.pcd")
    with pytest.raises(DataError, match=r"\(N, 3\)"):
        cloud_io.write_cloud(tmp_path / "flat.ply", cloud[:, :2])
    with pytest.raises(DataError, match="writable"):
        cloud_io.write_cloud(tmp_path / "missing" / "cloud.ply", cloud)


def test_without_open3d_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "open3d", None)
    with pytest.raises(MissingDependency, match="pointcloud"):
        cloud_io.open3d()
