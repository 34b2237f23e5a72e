"""HDF5 of anyone: nothing leads out of the file, nothing is larger than it, names nest and unnest."""

from __future__ import annotations

import zlib

import h5py
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict
from hypothesis import given
from hypothesis import strategies as st

from simplatform.demonstrations.hdf5 import check_hdf5, hdf5, named, nested, nested_space
from simplatform.errors import DataError
from simplatform.runs.folder import Folder


def file(path, fill):
    with h5py.File(path, "w") as made:
        fill(made)
    return path


def checked(path):
    with h5py.File(path, "r") as opened:
        check_hdf5(opened, "f.h5", path.stat().st_size)


def external(made):
    made["x"] = h5py.ExternalLink("other.h5", "/y")


def soft(made):
    made["x"] = h5py.SoftLink("/y")


def stored_elsewhere(made):
    made.create_dataset("g/x", (4,), "u1", external=[("/etc/hostname", 0, 4)])


def virtual(made):
    layout = h5py.VirtualLayout((2,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "y", (2,))
    made.create_virtual_dataset("x", layout)


@pytest.mark.parametrize(
    ("fill", "message"),
    [(external, "/x is a link"), (soft, "/x is a link"), (stored_elsewhere, "/g/x takes its values from another file"),
     (virtual, "/x takes its values from another file"),
     (lambda made: made.create_group("/".join("a" * 40)), "nested deeper than 32"),
     (lambda made: made.create_dataset("x", (1 << 40,), "f8", chunks=True), "asks for")],
)  # fmt: skip
def test_what_leads_out_or_asks_for_too_much_is_refused(tmp_path, fill, message):
    with pytest.raises(DataError, match=message):
        checked(file(tmp_path / "f.h5", fill))


def test_an_honest_file_is_opened_by_its_folder(tmp_path):
    def fill(made):
        made["a/b"], made["c"] = np.arange(3), np.ones((2, 2))
        made.create_dataset("empty", dtype="f4", shape=None)

    file(tmp_path / "f.h5", fill)
    with hdf5(Folder(tmp_path, DataError), "f.h5") as opened:
        found = {key: value for key, value in named(opened).items() if key != "empty"}
    assert set(found) == {"a/b", "c"}
    assert found["a/b"].tolist() == [0, 1, 2]


PART = st.text("abc", min_size=1, max_size=2)


@given(st.dictionaries(st.lists(PART, min_size=1, max_size=3).map("/".join), st.integers(), max_size=6))
def test_nesting_keeps_every_value_or_is_refused(values):
    def flat(table, prefix=""):
        for key, value in table.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{key}/")
            else:
                yield f"{prefix}{key}", value

    clash = any(b.startswith(a + "/") for a in values for b in values)
    if clash:
        with pytest.raises(DataError, match="cannot be written"):
            nested(values)
    else:
        assert dict(flat(nested(values))) == values


@pytest.mark.parametrize("name", ["", "a//b", "/a", "a/", "..", "a/../b", "."])
def test_names_that_lead_elsewhere_are_refused(name):
    with pytest.raises(DataError, match="cannot be written"):
        nested({name: 1})


def test_spaces_nest_as_names_do():
    box = Box(0, 1, (2,))
    found = nested_space(Dict({"a/b": box, "c": box}))
    assert found == Dict({"a": Dict({"b": box}), "c": box})
    flat = Dict({"c": box})
    assert nested_space(flat) is flat
    assert nested_space(box) is box


def long_pieces(made):
    made.create_dataset("x", (4, 1), "f8", chunks=(1 << 24, 1), maxshape=(None, 1), compression="gzip")


def test_a_compressed_piece_counts_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.1")
    with pytest.raises(DataError, match=r"asks for 0\.125 GiB .*SIMPLATFORM_READ_GIB"):
        checked(file(tmp_path / "f.h5", long_pieces))


def test_a_piece_that_unfolds_beyond_the_budget_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.01")
    monkeypatch.setattr("simplatform.budgets.BESIDE", 1 << 26)

    def fill(made):
        made.create_dataset("x", (4,), "f8", chunks=(4,), compression="gzip")
        made["x"].id.write_direct_chunk((0,), zlib.compress(bytes(1 << 28)))

    file(tmp_path / "f.h5", fill)
    with pytest.raises((DataError, OSError)), hdf5(Folder(tmp_path, DataError), "f.h5") as opened:  # noqa: PT012
        opened["x"][()]
        pytest.fail("a quarter of a gigabyte was unfolded")
