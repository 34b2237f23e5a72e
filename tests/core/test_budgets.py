"""Budgets on what files ask for: refused before memory or time are spent, and only then."""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplatform.budgets import (
    GIB,
    JSON_DEPTH,
    UNFOLDED,
    arrays_limit,
    check_arrays,
    check_zip,
    depth,
    memory_within,
    parquet_bytes,
    regular,
    safetensors_shapes,
)
from simplatform.errors import DataError


def test_only_regular_files_within_the_limit_are_opened(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    for name in ("a", "link"):
        with regular(tmp_path / name, 5) as file:
            assert file.read() == b"12345"
    with pytest.raises(OSError, match="not a regular file"), regular(tmp_path / "pipe"):
        pass
    with pytest.raises(IsADirectoryError), regular(tmp_path):
        pass
    with pytest.raises(OSError, match=r"5 bytes; the limit is 4"), regular(tmp_path / "a", 4):
        pass


def test_arrays_may_take_a_gibibyte_or_four_times_their_file(monkeypatch):
    assert arrays_limit() == GIB
    assert arrays_limit(GIB) == UNFOLDED * GIB
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.5")
    assert arrays_limit() == GIB // 2
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "much")
    assert arrays_limit() == GIB
    check_arrays("x", GIB, 10)
    with pytest.raises(DataError, match=r"x asks for 2 GiB of memory from a file of 10 bytes.*SIMPLATFORM_READ_GIB"):
        check_arrays("x", 2 * GIB, 10)


def test_a_zip_that_unfolds_beyond_the_limit_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, zeros=np.zeros(1 << 20))
    with regular(path) as file:
        check_zip(file, path)
        assert file.tell() == 0
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.001")
    with regular(path) as file, pytest.raises(DataError, match="asks for"):
        check_zip(file, path)


def test_members_that_overlap_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", b"0" * 5000)
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    entry, end = data[start : data.index(b"PK\x05\x06")], bytearray(data[data.index(b"PK\x05\x06") :])
    end[8:12] = struct.pack("<HH", 3, 3)
    end[12:16] = struct.pack("<I", 3 * len(entry))
    path.write_bytes(data[:start] + 3 * entry + end)
    with regular(path) as file, pytest.raises(DataError, match="members overlap"):
        check_zip(file, path)


@given(st.recursive(st.integers(), lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner))))
def test_depth_is_that_of_the_recursion(value):
    def wanted(one):
        if isinstance(one, dict | list) and one:
            return 1 + max(map(wanted, one.values() if isinstance(one, dict) else one))
        return 0

    assert depth(value) == wanted(value)


def test_endless_nesting_is_walked_to_the_limit_only():
    value = []
    value.append(value)
    assert depth(value) == JSON_DEPTH + 1


def tensors(path, header, size=0):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * size)
    return path


def test_shapes_come_from_the_header_if_it_describes_the_file(tmp_path):
    one = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
    with regular(tensors(tmp_path / "a", {"w": one, "__metadata__": {}}, 24)) as file:
        assert safetensors_shapes(file) == {"w": (2, 3)}
        assert file.tell() == 0
    with regular(tensors(tmp_path / "b", {"w": one}, 23)) as file, pytest.raises(ValueError, match="its header"):
        safetensors_shapes(file)
    (tmp_path / "c").write_bytes(struct.pack("<Q", 1 << 40) + b"{}")
    for name, text in (("c", None), ("d", b"123")):
        if text:
            (tmp_path / name).write_bytes(text)
        with regular(tmp_path / name) as file, pytest.raises(ValueError, match="header too short, or longer"):
            safetensors_shapes(file)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its address space")
def test_memory_beyond_the_budget_is_refused_by_name_and_the_limit_goes_again(monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.01")
    monkeypatch.setattr("simplatform.budgets.BESIDE", 1 << 26)
    before = resource.getrlimit(resource.RLIMIT_AS)
    with memory_within("x", 10):
        assert resource.getrlimit(resource.RLIMIT_AS)[0] > 0
        assert len(bytes(1 << 20)) == 1 << 20
    wanted = r"x asks for more memory than the 0\.01 GiB that reading a file of 10 bytes.*SIMPLATFORM_READ_GIB"
    with pytest.raises(DataError, match=wanted), memory_within("x", 10):
        bytes(1 << 28)
    with pytest.raises(DataError, match=wanted), memory_within("x", 10):
        raise OSError("memory allocation failed for raw data chunk")
    with pytest.raises(ZeroDivisionError), memory_within("x", 10):
        1 / 0  # noqa: B018
    with memory_within("x", 1 << 26):
        assert len(bytes(1 << 28)) == 1 << 28, "a large file may take eight times its size"
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_table_declares_eight_bytes_for_each_value(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [0] * 1000, "b": [[1, 2]] * 1000}), tmp_path / "t.parquet")
    assert parquet_bytes(pq.read_metadata(tmp_path / "t.parquet")) == 8 * 3000
