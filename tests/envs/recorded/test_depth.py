"""Depth images of a file become the cloud that policies see, and what the camera was is declared."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.demonstrations import Demonstrations
from simplatform.deployment.depth import cloud_of
from simplatform.envs.recorded.depth import camera_of
from simplatform.envs.recorded.reading import How, recording
from simplatform.errors import ConfigError, DataError
from tests.envs.recorded.cases import dp3, reach

K = np.array([[50.0, 0, 16], [0, 60.0, 12], [0, 0, 1]])


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
    camera = found.facts["clouds"]["point_cloud"]["depth"]
    assert (camera["size"], camera["points"], camera["crop"], camera["scale"]) == ([24, 32], 32, box, 0.001)


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
    assert camera_of({}) is None
