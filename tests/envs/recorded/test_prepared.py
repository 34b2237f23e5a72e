"""What was read lies in the cache: mapped, not copied; made again when the file changes, and there when it is gone."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import simplatform as sp
from simplatform.api import resume
from simplatform.demonstrations.episode import Joined
from simplatform.envs.recorded import prepared
from simplatform.envs.recorded.reading import How, recording
from simplatform.errors import DataError
from simplatform.export import export_run
from simplatform.runs.rundir import RunDirectory
from tests.envs.recorded.cases import dp3, reach

pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")


def folders(tmp_path):
    return sorted(folder.name for folder in (tmp_path / "cache/recordings").iterdir() if folder.is_dir())


def test_a_file_is_read_once_and_again_when_it_changed(tmp_path):
    path = dp3(tmp_path / "own.zarr", reach((4, 5, 6)))
    found = recording(path, How()).demonstrations
    assert isinstance(found, Joined)
    base = found.joined("point_cloud")
    assert found[1].observations["point_cloud"].base is not None
    assert np.shares_memory(found[1].observations["point_cloud"], base)
    (folder,) = folders(tmp_path)
    shutil.rmtree(path)
    dp3(tmp_path / "own.zarr", reach((4, 5, 6), seed=1))
    prepared_now = recording(path, How()).demonstrations
    assert prepared_now.content_hash() != found.content_hash()
    (other,) = folders(tmp_path)  # what was read before is gone, and still there for those who look at it
    assert other.partition("-")[0] == folder.partition("-")[0]
    assert other != folder
    assert found[2].observations["agent_pos"].shape == (7, 4)


def test_a_damaged_cache_and_too_few_rows_are_named(tmp_path):
    path = dp3(tmp_path / "own.zarr", reach((4, 5, 6)))
    recording(path, How(points=9))
    (folder,) = folders(tmp_path)
    (tmp_path / "cache/recordings" / folder / "0.npy").write_bytes(b"no array")
    recording.__globals__["_read"].cache_clear()
    with pytest.raises(DataError, match=r"is damaged.*remove it"):
        recording(path, How(points=9))
    with pytest.raises(DataError, match="expected 3 rows, and 2 came"):
        prepared.write_array(tmp_path / "x.npy", (3, 1), np.float32, [np.zeros((2, 1))])


def test_a_run_goes_on_without_its_file_and_from_another_folder(tmp_path, monkeypatch):
    dp3(tmp_path / "own.zarr", reach())
    settings = {"env.path": "own.zarr", "policy.widths": [8], "train.steps": 2, "train.batch": 4, "points": 8}
    settings |= {"task.opponents": False}
    run = sp.run("mp1", "replay", settings=settings, output=tmp_path / "runs", device="cpu", workers=1)
    shutil.rmtree(tmp_path / "own.zarr")
    recording.__globals__["_read"].cache_clear()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = resume(run.path, settings={"train.steps": 4}, device="cpu", workers=1)
    assert again.best.name == "000004"
    told = recording(str(tmp_path / "own.zarr"), How()).said
    assert "is not there any more: what was read of it on" in told[-1]
    assert again.summary["action_error"]["n"] == 1
    assert export_run(RunDirectory(run.path), "torch-export").difference < 1e-5
    seen = reach()[0].observations
    with sp.deploy(run.path, rate=10, deadline=30) as controller:
        assert controller({key: values[0] for key, values in seen.items()}).shape == (4,)
    shutil.rmtree(tmp_path / "cache")
    recording.__globals__["_read"].cache_clear()
    with pytest.raises(DataError, match=r"own\.zarr"):
        recording(str(tmp_path / "own.zarr"), How())
