"""Files, run directories and checkpoints: whole or absent, and nothing in them is executed."""

from __future__ import annotations

import errno
import json
import pickle
from pathlib import Path

import pytest
import torch
from simplatform_toy.policies import Toy, ToyConfig

import simplatform as sp
from simplatform.contracts import Signature
from simplatform.errors import CheckpointError, ConfigError, DataError, RunError, StorageError, UnknownName, UsageError
from simplatform.recipes import resolve
from simplatform.runs import files
from simplatform.runs.checkpoint import build_policy, read_policy, read_tensors, write_policy, write_tensors
from simplatform.runs.importing import import_checkpoint, read_foreign
from simplatform.runs.rundir import RunDirectory

SIGNATURE = Signature({"state": (4,)}, (2,), {"dt": 0.1})


class Payload:
    """Leaves a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


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


@pytest.fixture
def checkpoint(tmp_path):
    policy = build_policy("toy", ToyConfig(), SIGNATURE, seed=4)
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    write_policy(folder, policy, "toy", ToyConfig(), SIGNATURE)
    return folder


def test_checkpoint_round_trip(checkpoint):
    policy = read_policy(checkpoint)
    assert isinstance(policy, Toy)
    assert not policy.training
    fresh = build_policy("toy", ToyConfig(), SIGNATURE, seed=4)
    assert all(torch.equal(v, fresh.state_dict()[k]) for k, v in policy.state_dict().items())


def test_a_pickle_in_place_of_weights_is_refused_and_not_executed(checkpoint, tmp_path):
    trace = tmp_path / "executed"
    (checkpoint / "model.safetensors").write_bytes(pickle.dumps(Payload(trace)))
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        read_policy(checkpoint)
    assert not trace.exists()


def test_a_foreign_pickle_is_refused_and_not_executed(tmp_path):
    trace, file = tmp_path / "executed", tmp_path / "model.pth"
    torch.save({"state_dict": Payload(trace)}, file)
    with pytest.raises(CheckpointError, match="would run code, so it is refused"):
        read_foreign(file)
    assert not trace.exists()
    file.write_bytes(b"not a checkpoint at all")
    with pytest.raises(CheckpointError):
        read_foreign(file)
    with pytest.raises(CheckpointError, match="does not exist"):
        read_foreign(tmp_path / "absent.pth")
    with pytest.raises(UsageError, match=r"imports no foreign checkpoints; these do: .*mp1"):
        import_checkpoint(file, "toy", tmp_path / "out")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_truncated_weights(checkpoint, share):
    path = checkpoint / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        read_policy(checkpoint)


def test_missing_statistic_and_wrong_shape_are_errors(checkpoint):
    path = checkpoint / "model.safetensors"
    tensors = read_tensors(path)
    write_tensors(path, {key: value for key, value in tensors.items() if key != "scale"})
    with pytest.raises(CheckpointError, match=r"does not fit Toy.*scale"):
        read_policy(checkpoint)
    write_tensors(path, {**tensors, "scale": torch.ones(9)})
    with pytest.raises(CheckpointError, match="does not fit Toy"):
        read_policy(checkpoint)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"format": 9}, CheckpointError, "has format 9; this version reads format 1"),
        ({"policy": "tooy"}, UnknownName, "Did you mean toy"),
        ({"config": {"breadth": 3}}, ConfigError, "unknown setting policy.breadth"),
    ],
)
def test_bad_cards(checkpoint, change, error, message):
    card = json.loads((checkpoint / "policy.json").read_text())
    (checkpoint / "policy.json").write_text(json.dumps({**card, **change}))
    with pytest.raises(error, match=message):
        read_policy(checkpoint)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": 1}'])
def test_cards_that_are_not_cards(checkpoint, text):
    (checkpoint / "policy.json").write_text(text)
    with pytest.raises(CheckpointError, match="not a checkpoint of simplatform"):
        read_policy(checkpoint)
    with pytest.raises(CheckpointError, match="expected a directory"):
        sp.load(checkpoint / "nothing")


def test_buffers_sized_by_data_survive(tmp_path):
    class Memory(Toy):
        sized_by_data = ("scale",)

    from simplatform.runs.checkpoint import load_into

    policy = Memory(ToyConfig(), SIGNATURE)
    load_into(policy, {**policy.state_dict(), "scale": torch.ones(7)}, tmp_path)
    assert policy.scale.shape == (7,)


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
