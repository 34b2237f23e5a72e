"""One name for all formats, from Python and from the command line."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from simplatform.cli import convert
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.formats import formats, open_demonstrations, save_demonstrations
from simplatform.errors import ContractError, DataError, StorageError

pytest.importorskip("zarr", reason="zarr comes with simplatform[pointcloud]")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))


@pytest.fixture
def demonstrations() -> Demonstrations:
    rng = np.random.default_rng(1)
    shapes = {"agent_pos": (9,), "point_cloud": (4, 3)}
    return Demonstrations(
        [
            Episode(
                {key: rng.normal(size=(steps + 1, *shape)).astype(np.float32) for key, shape in shapes.items()},
                rng.normal(size=(steps, 4)).astype(np.float32),
            )
            for steps in (3, 5)
        ]
    )


def test_around_the_formats_and_back(demonstrations, tmp_path):
    folder = save_demonstrations(demonstrations, "mine/robot-v0")
    for source in ("mine/robot-v0", folder):
        assert open_demonstrations(source).content_hash() == demonstrations.content_hash()
    save_demonstrations(open_demonstrations(folder), tmp_path / "robot.zarr")
    back = open_demonstrations(tmp_path / "robot.zarr")
    np.testing.assert_array_equal(back.stacked("point_cloud"), demonstrations.stacked("point_cloud"))
    np.testing.assert_array_equal(back.stacked_actions(), demonstrations.stacked_actions())


def test_the_command_converts(demonstrations, tmp_path):
    save_demonstrations(demonstrations, "mine/robot-v0")
    app = typer.Typer()
    app.command()(convert.command)
    result = CliRunner().invoke(app, ["mine/robot-v0", str(tmp_path / "robot.zarr"), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["steps"] == 8
    assert len(open_demonstrations(tmp_path / "robot.zarr")) == 2


def test_what_is_nothing_is_refused(demonstrations, tmp_path):
    with pytest.raises(DataError, match="no Minari dataset"):
        open_demonstrations(tmp_path / "nothing")
    with pytest.raises(DataError, match=r"expected \.zarr or \.lerobot"):
        save_demonstrations(demonstrations, tmp_path / "robot.h5")
    with pytest.raises(DataError, match="no demonstrations"):
        save_demonstrations(Demonstrations([]), "mine/empty-v0")


def test_a_plugins_format_is_found_by_its_look(tmp_path):
    rng = np.random.default_rng(3)
    state, action = (rng.normal(size=shape).astype(np.float32) for shape in ((6, 4), (5, 2)))
    given = Demonstrations([Episode({"state": state}, action)])
    path = save_demonstrations(given, tmp_path / "one.toy")
    assert open_demonstrations(path).content_hash() == given.content_hash()
    assert {"dp3-zarr", "lerobot", "minari", "toy-table"} <= set(formats())
    assert list(formats())[-1] == "minari"
    with pytest.raises(DataError, match=r"expected .zarr or .lerobot or .hdf5 or .toy or a name for minari"):
        save_demonstrations(given, tmp_path / "one.npz")


def test_what_is_no_format_is_named(monkeypatch):
    from simplatform.plugin_host.host import get_host

    entries = {entry.name: entry for entry in get_host().registry("format")}
    monkeypatch.setattr(type(entries["toy-table"]), "load", lambda self: dict)
    with pytest.raises(ContractError, match=r"dict is no simplatform\.contracts\.Format"):
        formats()


@pytest.mark.parametrize("bytes_allowed", [100, 2000])
@pytest.mark.parametrize("target", ["robot.zarr", "robot.lerobot", "robot.hdf5", "mine/robot-v0"])
def test_a_file_that_may_not_grow_is_one_error_and_nothing_is_left(demonstrations, tmp_path, target, bytes_allowed):
    if (target, bytes_allowed) == ("robot.zarr", 2000):
        pytest.skip("its pieces are smaller")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    place = target if target.startswith("mine/") else str(tmp_path / target)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_allowed, before[1]))
    try:
        with pytest.raises(StorageError, match="the file is larger than this system or `ulimit -f` allows"):
            save_demonstrations(demonstrations, place)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [str(file) for file in tmp_path.rglob("*") if file.is_file()] == []
    save_demonstrations(demonstrations, place)
    assert open_demonstrations(place).steps == demonstrations.steps
