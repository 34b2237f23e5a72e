"""Files of official trainers: tensors and plain values come out, nothing else does anything."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict, defaultdict
from enum import Enum

import pytest
import torch
from torch import nn

from simplatform.errors import CheckpointError
from simplatform.runs.importing import read_foreign
from simplatform.runs.inert import Record, read_inert
from tests.core.runs.files_cases import Payload


class Colour(Enum):
    RED = 1


class Node(dict):
    """As configurations are: items, attributes, a state of its own, references to itself."""

    def __init__(self, **content):
        super().__init__(content)
        self.__dict__.update(parent=self, kind=Colour.RED, of=[int, dict, Payload])

    def __reduce__(self):
        return Node, (), self.__dict__, iter([1, 2]), iter(self.items())

    def append(self, value): ...

    def extend(self, values): ...


def state():
    torch.manual_seed(0)
    layer = nn.Linear(4, 3)
    return {
        "cfg": Node(policy=Node(horizon=16)),
        "state_dicts": {"model": layer.state_dict(), "ema_model": OrderedDict(layer.state_dict())},
        "pickles": {"global_step": pickle.dumps(7)}, "step": 12, "lr": 0.5, "names": ["a", "b"], "none": None,
        "parameter": nn.Parameter(torch.arange(3.0)), "strided": torch.arange(12).reshape(3, 4).t()[1:],
        "half": torch.ones(2, dtype=torch.bfloat16), "empty": torch.zeros(0, 3), "shared": [torch.ones(2)] * 2,
        "counts": defaultdict(int, {"x": 1}),
    }  # fmt: skip


def test_tensors_and_plain_values_come_out_as_they_were(tmp_path):
    given = state()
    torch.save(given, tmp_path / "official.ckpt")
    found = read_foreign(tmp_path / "official.ckpt")
    assert found["cfg"] is None
    for part in ("model", "ema_model"):
        for key, value in given["state_dicts"][part].items():
            assert torch.equal(found["state_dicts"][part][key], value)
    for key in ("strided", "half", "empty"):
        assert torch.equal(found[key], given[key])
        assert found[key].dtype == given[key].dtype or key == "empty"
    assert found["parameter"].tolist() == [0, 1, 2]
    assert found["shared"][0] is found["shared"][1]
    assert [found[key] for key in ("step", "lr", "names", "none", "counts")] == [12, 0.5, ["a", "b"], None, {"x": 1}]
    assert found["pickles"] == {"global_step": None}  # bytes are written as a call


def archive(content, **storages):
    """Return a zip as PyTorch writes it, around a pickle written by hand."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a/data.pkl", content)
        for key, value in storages.items():
            made.writestr(f"a/data/{key}", value)
    return buffer


def tensor(size, stride, offset=0):
    """Return the pickle of one tensor over storage "s" of floats, by opcodes."""
    put = lambda value: pickle.dumps(value, 2)[2:-1]  # noqa: E731
    pid = b"(" + put("storage") + b"ctorch\nFloatStorage\n" + put("s") + put("cpu") + put(4) + b"tQ"
    rest = put(offset) + put(size) + put(stride) + put(False) + b"}"
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + pid + rest + b"tR."


@pytest.mark.parametrize(
    ("size", "stride", "offset"), [((5,), (1,), 0), ((2, 2), (9, 1), 0), ((1 << 40,), (0,), 0), ((2,), (1,), 3)]
)
def test_a_tensor_beyond_its_storage_is_refused(size, stride, offset):
    with pytest.raises(CheckpointError, match="larger than its storage of 4 numbers"):
        read_inert(archive(tensor(size, stride, offset), s=b"\0" * 16), "file")
    assert read_inert(archive(tensor((2,), (2,), 1), s=b"\0" * 16), "file").tolist() == [0, 0]


@pytest.mark.parametrize(
    "content",
    [
        tensor((-1,), (1,)), tensor(("a",), (1,)), tensor(3, (1,)), b"not a pickle", b"",
        b"\x80\x02" + b"]" * 200 + b"a" * 199 + b".",
    ],
)  # fmt: skip
def test_damage_is_named(content):
    with pytest.raises(CheckpointError):
        read_inert(archive(content, s=b"\0" * 16), "file")


@pytest.mark.parametrize("code", [b"cos\nsystem\n(S'touch executed'\ntR.", b"cbuiltins\neval\n(S'1/0'\ntR0]."])
def test_calls_are_inert(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    read_inert(archive(code), "file")
    assert list(tmp_path.iterdir()) == []


def test_what_a_pickle_does_to_its_names_stays_in_it():
    touched = (
        b"ccollections\nOrderedDict\n(N}S'__init__'\nNstb0ctorch._utils\n_rebuild_tensor_v2\n(N}S'size'\nI1\nstb0N."
    )
    with pytest.raises(CheckpointError):
        read_inert(archive(touched), "file")
    record = Record(1, a=2)
    record["x"] = record(3)
    record.append(1)
    record.extend([1])
    record.add(1)
    assert read_inert(archive(pickle.dumps({"a": 1}, 2)), "file") == {"a": 1}
