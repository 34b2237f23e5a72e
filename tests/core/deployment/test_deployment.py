"""A run becomes a controller: its recorded episodes give the evaluation's actions again, bit for bit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.deployment.noise import Stream
from simplatform.errors import CheckpointError, FrameError, UsageError
from simplatform.export import export_checkpoint
from simplatform.runs.recordings import read_recordings
from tests.core.deployment.deployment_cases import SETTINGS, raw, trained
from tests.envs.recorded.cases import dp3


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    return trained(tmp_path_factory.mktemp("deployed"))


def said(controller, frames):
    actions = []
    for frame in frames:
        controller(frame)
        assert controller.last.held == ""
        actions.append(controller.last.said)
    return np.stack(actions)


def test_a_recorded_episode_gives_the_actions_of_the_evaluation(run):
    recording = next(read_recordings(run.path / "eval" / "recordings"))
    frames = [{key: value[t] for key, value in recording.observations.items()} for t in range(len(recording.actions))]
    with sp.deploy(run) as controller:
        assert np.array_equal(said(controller, frames), recording.actions)
        controller.reset()
        assert np.array_equal(said(controller, frames), recording.actions)
        controller.reset(episode=1)
        assert not np.array_equal(said(controller, frames), recording.actions)


def test_frames_of_the_camera_give_the_same_they_are_sampled_and_cleaned_as_when_reading(run):
    recording = next(read_recordings(run.path / "eval" / "recordings"))
    episode, draws = raw()[9], np.random.default_rng(0)
    frames = [{key: value[t] for key, value in episode.observations.items()} for t in range(len(episode))]
    with sp.deploy(run.best) as controller:
        assert np.array_equal(said(controller, frames), recording.actions)
        controller.reset()
        holed = [{**frame, "point_cloud": np.r_[frame["point_cloud"], np.full((5, 3), np.nan)]} for frame in frames]
        assert np.array_equal(said(controller, holed), recording.actions)
        assert controller.report()["dropped_points"] == 5 * len(frames)
        controller.reset()
        more = [{**frame, "point_cloud": frame["point_cloud"][draws.integers(0, 64, 900)]} for frame in frames]
        assert np.isfinite(said(controller, more)).all()


def test_the_checkpoint_says_what_it_was_trained_on(run):
    facts = sp.deploy(run).frames.facts
    everything = raw()[:8]
    assert facts.clouds["point_cloud"]["points"] == 64
    assert facts.units["point_cloud"].startswith("m")
    assert np.allclose(facts.ranges["action"]["low"], everything.stacked_actions().min(0))
    assert np.allclose(facts.ranges["agent_pos"]["high"], everything.stacked("agent_pos").max(0))


def test_a_loaded_policy_answers_one_frame_as_the_readme_says(run):
    policy, frame = sp.load(run.best), {key: value[3] for key, value in raw()[9].observations.items()}
    action = policy(frame)
    assert action.shape == (4,)
    assert np.array_equal(action, policy(frame))
    batch = {key: torch.as_tensor(np.stack([value, value]))[None] for key, value in frame.items()}
    assert policy.act(batch, generator=torch.Generator().manual_seed(0)).shape == (1, 3, 4)
    millimetres = {**frame, "point_cloud": 1000 * frame["point_cloud"]}
    with pytest.raises(FrameError, match="millimetres for metres"):
        policy(millimetres)
    with pytest.raises(FrameError, match="has no points"):
        policy({**frame, "point_cloud": np.zeros((0, 3), np.float32)})
    holed = frame["point_cloud"].copy()
    holed[7, 1] = np.nan
    with pytest.raises(FrameError, match=r"1 of 64 points that are not finite, first point 7"):
        policy({**frame, "point_cloud": holed})
    with pytest.raises(FrameError, match="no 'agent_pos'; it has point_cloud"):
        policy({"point_cloud": frame["point_cloud"]})
    with pytest.raises(FrameError, match="tensors"):
        policy(batch)


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    """Export from the checkpoint alone: it was moved, and the recordings are not there."""
    pytest.importorskip("onnxruntime", reason="pip install 'simplatform[export]'")
    folder = tmp_path_factory.mktemp("robot")
    shutil.copytree(run.best, folder / "checkpoint")
    return export_checkpoint(folder / "checkpoint", "onnx", folder / "policy.onnx")


ALONE = """
import sys
import numpy as np, simplatform as sp
recorded = np.load(sys.argv[2])
frames = [{key[12:]: recorded[key][t] for key in recorded if key.startswith("observation/")} for t in range(12)]
with sp.deploy(sys.argv[1]) as controller:
    actions = []
    for frame in frames:
        controller(frame)
        actions.append(controller.last.said)
facts = controller.frames.facts
assert facts.clouds["point_cloud"]["points"] == 64 and facts.ranges["action"] and facts.units and facts.keys == {}
print("torch" in sys.modules, np.abs(np.stack(actions) - recorded["action"]).max())
"""


def test_an_onnx_file_gives_the_actions_of_the_evaluation_without_torch(run, exported):
    recording = next((run.path / "eval" / "recordings").iterdir())
    command = [sys.executable, "-c", ALONE, exported.path, str(recording)]
    torch_too, difference = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert torch_too == "False"
    assert float(difference) < 1e-6


def test_batch_and_number_of_points_of_the_file_are_free(run, exported):
    assert exported.inputs == {"point_cloud": (-1, 2, -1, 3), "agent_pos": (-1, 2, 4), "noise": (-1, 4, 4)}
    assert exported.output == (-1, 3, 4)
    import onnxruntime

    session = onnxruntime.InferenceSession(exported.path, providers=["CPUExecutionProvider"])
    draws, policy = np.random.default_rng(0), sp.load(run)
    for rows, points in ((1, 5), (4, 333)):
        seen = {
            "point_cloud": draws.normal(size=(rows, 2, points, 3)).astype(np.float32),
            "agent_pos": draws.normal(size=(rows, 2, 4)).astype(np.float32),
        }
        generator = torch.Generator().manual_seed(rows)
        wanted = policy.act({key: torch.as_tensor(value) for key, value in seen.items()}, generator=generator).numpy()
        noise = Stream(rows).normal((rows, 4, 4))
        assert np.allclose(session.run(None, {**seen, "noise": noise})[0], wanted, rtol=0, atol=5e-6)


def test_torchscript_answers_the_same(run, tmp_path):
    found = export_checkpoint(run.best, "torchscript", tmp_path / "policy.pt")
    assert found.difference < 1e-6
    about = {"simplatform.json": ""}
    module = torch.jit.load(found.path, _extra_files=about)
    assert json.loads(about["simplatform.json"])["inputs"] == ["point_cloud", "agent_pos", "noise"]
    assert module(torch.zeros(5, 2, 9, 3), torch.zeros(5, 2, 4), torch.zeros(5, 4, 4)).shape == (5, 3, 4)


def test_what_cannot_be_deployed_is_named(run, tmp_path):
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        sp.deploy(tmp_path)
    with pytest.raises(UsageError, match="execute is 1 to 3"):
        sp.deploy(run, execute=4)
    (tmp_path / "no.onnx").write_bytes(b"not one")
    with pytest.raises(CheckpointError, match=r"no\.onnx"):
        sp.deploy(tmp_path / "no.onnx")


def test_raw_depth_images_of_the_robot_give_the_actions_of_the_evaluation_and_broken_ones_are_held(tmp_path):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    depth = np.random.default_rng(0).uniform(400, 600, (12 * 10, 12, 16)).astype(np.float32)
    path = dp3(tmp_path / "own.zarr", raw(), point_cloud=None, depth=depth)
    camera = {"image": "depth", "intrinsics": [25, 30, 8, 6], "scale": 0.001, "crop": [[-0.1, -1, 0], [1, 1, 1]]}
    settings = {
        **SETTINGS,
        "env.path": path,
        "env.depth": camera,
        "env.points": 32,
        "train.steps": 0,
        "task.opponents": False,
    }
    run = sp.run("mp1", "replay", settings=settings, output=tmp_path / "runs")
    recording = next(read_recordings(run.path / "eval" / "recordings"))
    states, images = raw()[9].observations["agent_pos"], depth[-12:]
    frames = [{"agent_pos": state, "depth": image} for state, image in zip(states, images, strict=False)]
    with sp.deploy(run) as controller:
        assert np.array_equal(said(controller, frames), recording.actions)
        for broken, words in ((0 * images[0], "'depth' shows no point"), (images[0][:5], r"'depth' has shape (5, 16)")):
            last = controller(frames[-1])
            assert np.array_equal(controller({"agent_pos": states[0], "depth": broken}), last)
            assert words in controller.last.held
