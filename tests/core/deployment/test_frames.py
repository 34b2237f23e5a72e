"""Frames: what a policy cannot act on is refused by name; the rest comes under the policy's names."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.contracts import Signature
from simplatform.deployment.frames import Frames
from simplatform.errors import ContractError, FrameError

RANGES = {
    "agent_pos": {"low": [-0.3, 0.0, 0.7], "high": [0.3, 0.5, 0.7]},
    "point_cloud": {"low": [-0.4, -0.4, 0.0, 0, 0, 0], "high": [0.4, 0.4, 0.4, 255, 255, 255]},
}
CLOUD = {"points": 8, "middle": [0, 0, 0], "reach": 3.0}


def frames(**options):
    metadata = {
        "ranges": RANGES, "clouds": {"point_cloud": CLOUD}, "units": {"point_cloud": "m (a guess)"},
        "keys": {"agent_pos": ["eef_pos", "gripper"]}, "names": {"agent_pos": ["x", "y", "gripper"]},
    }  # fmt: skip
    return Frames(Signature({"agent_pos": (3,), "point_cloud": (8, 6)}, (2,), metadata), **options)


def frame(points=20, seed=0, **changes):
    draws = np.random.default_rng(seed)
    cloud = np.c_[draws.uniform(-0.4, 0.4, (points, 3)), draws.uniform(0, 255, (points, 3))].astype(np.float32)
    return {"agent_pos": np.float32([0.1, 0.2, 0.7]), "point_cloud": cloud, **changes}


def test_a_good_frame_passes_sampled():
    found = frames().read(frame())
    assert found["agent_pos"].tolist() == pytest.approx([0.1, 0.2, 0.7])
    assert found["point_cloud"].shape == (8, 6)
    assert frames().read(frame(points=5))["point_cloud"].shape == (8, 6)


def test_names_of_the_recording_are_found_with_and_without_prefixes_and_joined():
    parts = {"observation.eef_pos": np.float32([0.1, 0.2]), "gripper": np.float32([0.7])}
    given = {**parts, "obs/point_cloud": 0, "point_cloud": frame()["point_cloud"]}
    assert frames().read(given)["agent_pos"].tolist() == pytest.approx([0.1, 0.2, 0.7])
    with pytest.raises(FrameError, match=r"no 'agent_pos' \(nor eef_pos and gripper, of which it was made\)"):
        frames().read({"eef_pos": np.zeros(2)})


def test_only_what_the_policy_reads_is_asked_for():
    assert list(frames(needed=("agent_pos",)).read({"agent_pos": np.float32([0, 0.1, 0.7])})) == ["agent_pos"]


def test_readings_are_judged_by_the_width_of_their_training_range():
    read = frames(needed=("agent_pos",)).read
    read({"agent_pos": np.float32([0.85, -0.45, 9.0])})  # within one width of it; a constant is not judged
    with pytest.raises(FrameError, match=r"'agent_pos'\[1\] \(y\) is 1.1; training had 0 to 0.5"):
        read({"agent_pos": np.float32([0, 1.1, 0.7])})
    with pytest.raises(FrameError, match="millimetres for metres"):
        read({"agent_pos": np.float32([300, 400, 700.0])})
    frames(needed=("agent_pos",), margin=5.0).read({"agent_pos": np.float32([0, 1.1, 0.7])})


@pytest.mark.parametrize(
    ("scale", "words"), [(1000, "millimetres for metres"), (100, "centimetres for metres"), (0.001, "metres for milli")]
)
def test_a_cloud_of_another_unit_is_refused(scale, words):
    given = frame()
    given["point_cloud"][:, :3] *= scale
    with pytest.raises(FrameError, match=words):
        frames().read(given)


def test_colours_of_another_scale_and_clouds_without_points_are_refused():
    given = frame()
    given["point_cloud"][:, 3:] /= 255
    with pytest.raises(FrameError, match="colours are up to"):
        frames().read(given)
    for cloud, words in (
        (np.zeros((0, 6)), "missing"),
        (np.zeros((9, 6)), "zeros"),
        (np.full((9, 6), np.nan), "finite"),
    ):
        with pytest.raises(FrameError, match=f"'point_cloud' has no points: all . are .*{words}"):
            frames().read(frame(point_cloud=cloud))
    with pytest.raises(FrameError, match=r"expected points of 6 channels"):
        frames().read(frame(point_cloud=np.ones((9, 3))))


def test_points_that_are_none_or_far_out_are_left_out_and_counted():
    given = frame()
    given["point_cloud"][3, 0], given["point_cloud"][4, 1] = np.nan, 1e6
    reader = frames()
    found = reader.read(given)["point_cloud"]
    assert np.abs(found[:, :3]).max() < 0.5
    assert reader.dropped == 2
    with pytest.raises(FrameError, match="1 of 20 points that are not finite, first point 3"):
        frames(drop=False).read(given)


def test_a_checkpoint_of_anyone_is_read_with_care():
    with pytest.raises(ContractError, match="ranges"):
        Frames(Signature({"x": (1,)}, (1,), {"ranges": {"x": {"low": [0], "high": ["a"]}}}))
    with pytest.raises(ContractError, match="clouds"):
        Frames(Signature({"x": (1,)}, (1,), {"clouds": {"x": {"points": -3}}}))
