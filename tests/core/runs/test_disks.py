"""A disk that fills up, and one that turns read-only, for real: a small tmpfs that the test mounts (root only)."""

from __future__ import annotations

import subprocess

import pytest

import simplatform as sp
from simplatform.api import resume
from simplatform.errors import StorageError
from simplatform.runs.rundir import RunDirectory

# 20 000 hidden units: about 1 MB of weights, and 5 MB a checkpoint with the optimiser's state.
SETTINGS = {
    "train.steps": 12, "train.checkpoint_every": 3, "train.batch": 8, "policy.width": 20_000, "task.episodes": 2,
    "task.demonstrations": 4,
}  # fmt: skip


@pytest.fixture
def disk(tmp_path):
    """Mount a tmpfs of 12 MB; gives its path and a function that mounts it again with other options."""
    path = tmp_path / "disk"
    path.mkdir()
    if mount("-t", "tmpfs", "-o", "size=12m", "tmpfs", path):
        pytest.skip("mounting a tmpfs needs root and the right to mount")
    yield path, lambda options: mount("-o", f"remount,{options}", path)
    subprocess.run(["umount", "--lazy", path], check=False)


def mount(*arguments):
    try:
        return subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False).returncode
    except FileNotFoundError:
        return 1


def test_a_full_disk_is_one_clear_error_and_earlier_checkpoints_are_intact(disk, tmp_path):
    path, remount = disk
    whole = sp.run("toy", settings=SETTINGS, output=tmp_path / "whole", device="cpu", until="fit")
    with pytest.raises(StorageError, match="disk is full"):
        sp.run("toy", settings=SETTINGS, output=path, device="cpu", until="fit")
    (run,) = path.iterdir()
    last = RunDirectory(run).last
    assert last.name in ("000003", "000006", "000009")
    sp.load(last)
    assert not list(run.rglob(".*.tmp"))
    assert remount("size=64m") == 0
    done = resume(run, device="cpu")
    assert (done.best / "model.safetensors").read_bytes() == (whole.best / "model.safetensors").read_bytes()


def test_a_disk_that_turned_read_only(disk):
    path, remount = disk
    small = {**SETTINGS, "policy.width": 16}
    run = sp.run("toy", settings=small, output=path, device="cpu", until="fit")
    before = {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    assert remount("ro") == 0
    with pytest.raises(StorageError, match="read-only"):
        resume(run.path, device="cpu")
    assert {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()} == before
    with pytest.raises(StorageError, match="read-only"):
        sp.run("toy", seed=1, settings=small, output=path, device="cpu")
