"""Files, run directories and checkpoints: whole or absent, and nothing in them is executed."""

from __future__ import annotations

import errno

import pytest

import simplatform as sp
from simplatform.errors import DataError, RunError, StorageError, UsageError
from simplatform.recipes import resolve
from simplatform.runs import files
from simplatform.runs.rundir import RunDirectory


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file.json"
    files.write_json(path, {"old": 1})

    def full(descriptor):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(StorageError, match=r"disk is full.*before is intact"):
        files.write_json(path, {"new": 2})
    assert files.read_json(path) == {"old": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["file.json"]


@pytest.mark.parametrize(("code", "message"), [(errno.EROFS, "read-only"), (errno.EACCES, "no permission")])
def test_unwritable_places_are_explained(tmp_path, code, message):
    with pytest.raises(StorageError, match=message), files.storage_errors(tmp_path):
        raise OSError(code, "x")
    with pytest.raises(OSError, match="other"), files.storage_errors(tmp_path):
        raise OSError(errno.EIO, "other")


def test_output_that_is_a_file(tmp_path):
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(StorageError, match="a file, not a folder"):
        sp.run("toy", output=tmp_path / "runs" / "deep")


def test_a_half_written_metrics_line_is_ignored(tmp_path):
    run = RunDirectory.create(tmp_path, resolve("toy"))
    for step in (1, 2, 3):
        run.append_metrics(step, {"loss": float(step)})
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "lo')
    assert [row["step"] for row in run.metrics()] == [1, 2, 3]
    run.rewind_metrics(2)
    assert [row["step"] for row in run.metrics()] == [1, 2]


def test_damaged_runs_are_named(tmp_path):
    run = RunDirectory.create(tmp_path, resolve("toy"))
    assert RunDirectory.open(run.path / "checkpoints").path == run.path
    with pytest.raises(RunError, match="no whole evaluation yet"):
        _ = run.summary
    (run.path / "resolved.json").write_text("{")
    with pytest.raises(RunError, match=r"resolved.json is damaged"):
        run.recipe()
    with pytest.raises(RunError, match="not a run"):
        RunDirectory.open(tmp_path / "nothing")


def test_a_checkpoint_name_cannot_leave_the_run(tmp_path):
    run = RunDirectory.create(tmp_path, resolve("toy"))
    run.checkpoints.mkdir()
    (tmp_path / "policy.json").write_text("{}")
    (run.checkpoints / "last").write_text("../..\n")
    assert run.last is None


def test_reading_names_whatever_a_library_raises():
    expected = pytest.raises(DataError, match=r"x is damaged: ZeroDivisionError: .*; collect it again")
    with expected, files.reading("x is damaged", hint="; collect it again"):
        raise ZeroDivisionError("division by zero")
    with pytest.raises(UsageError, match="mine"), files.reading("x"):
        raise UsageError("mine")


@pytest.mark.parametrize(
    "content", [b"\xff", b"[]", b"3", b'{"a": 1}', b"[" * 100_000], ids=["bytes", "list", "number", "object", "deep"]
)
def test_any_bytes_in_the_files_of_a_run_are_named_or_passed_over(content, tmp_path):
    run = RunDirectory.create(tmp_path, resolve("toy"))
    (run.path / "eval").mkdir()
    (run.path / "checkpoints").mkdir()
    for name in ("status.json", "metrics.jsonl", "resolved.json", "eval/summary.json", "checkpoints/last"):
        (run.path / name).write_bytes(content)
    assert run.status == {"state": "new"}
    assert run.metrics() == []
    assert run.last is None
    with pytest.raises((RunError, DataError), match="damaged"):
        run.recipe()
    with pytest.raises(RunError, match="no whole evaluation"):
        _ = run.summary


@pytest.mark.parametrize(
    ("code", "message"),
    [(errno.EFBIG, "larger than this system or `ulimit -f` allows"), (errno.ENOSPC, "the disk is full"),
     (errno.EDQUOT, "quota is used up"), (errno.EROFS, "use a folder that can be written"),
     (errno.EISDIR, "a folder stands there; choose another name"),
     (errno.ENOENT, "is not there, or was removed while this program wrote into it; make it again")],
)  # fmt: skip
def test_a_write_that_fails_says_why_and_names_no_option(tmp_path, monkeypatch, code, message):
    monkeypatch.setenv("SIMPLATFORM_CACHE", str(tmp_path / "cache"))
    with pytest.raises(StorageError, match=message) as found, files.storage_errors(tmp_path / "runs" / "x"):
        raise OSError(code, "x")
    assert "--" not in str(found.value)
    assert ("before is intact" in str(found.value)) is (code != errno.ENOENT)
    with pytest.raises(StorageError) as found, files.storage_errors(tmp_path / "cache" / "x"):
        raise OSError(code, "x")
    assert ("SIMPLATFORM_CACHE" in str(found.value)) is (code == errno.EROFS)
