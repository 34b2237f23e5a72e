"""Importing foreign checkpoints: opened as plain tensors, converted by the plugin."""

from __future__ import annotations

import os
import pickle

import pytest
import torch

from simplatform.errors import CheckpointError, UsageError
from simplatform.runs.importing import import_checkpoint, read_foreign
from tests.core.runs.files_cases import Payload


def test_what_a_foreign_pickle_names_is_not_executed(tmp_path):
    trace, file = tmp_path / "executed", tmp_path / "model.pth"
    torch.save({"state_dict": Payload(trace), "weight": torch.ones(2)}, file)
    found = read_foreign(file)
    assert found["state_dict"] is None
    assert found["weight"].tolist() == [1, 1]
    file.write_bytes(pickle.dumps(Payload(trace)))
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


def test_pipes_and_noise_are_refused_without_a_warning(tmp_path, recwarn):
    os.mkfifo(tmp_path / "pipe.ckpt")
    (tmp_path / "noise.ckpt").write_bytes(bytes(range(256)) * 16)
    for name in ("pipe", "noise"):
        with pytest.raises(CheckpointError):
            read_foreign(tmp_path / f"{name}.ckpt")
    assert not recwarn.list
