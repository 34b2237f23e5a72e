"""Arrays of anyone: what is there is read, objects and empty promises are not."""

from __future__ import annotations

import io

import numpy as np
import pytest

from simplatform.errors import DataError
from simplatform.runs.arrays import read_npy, read_npz


def npz(path, names=None, **arrays):
    np.savez(path, **arrays)
    with path.open("rb") as file:
        return read_npz(file, path, names)


def test_all_arrays_or_those_that_are_asked_for(tmp_path):
    arrays = {"a": np.arange(3), "b": np.ones((2, 2), np.float32)}
    found = npz(tmp_path / "x.npz", **arrays)
    assert set(found) == {"a", "b"}
    for name, value in arrays.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == value.dtype
    assert set(npz(tmp_path / "x.npz", ["b", "missing"], **arrays)) == {"b"}


def test_objects_are_refused_without_being_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("it was unpickled",))

    with pytest.raises(DataError, match="holds Python objects, and opening it would run code"):
        npz(tmp_path / "x.npz", a=np.array([Trap()], object))
    np.save(tmp_path / "x.npy", np.array([Trap()], object))
    with (tmp_path / "x.npy").open("rb") as file, pytest.raises(DataError, match="would run code"):
        read_npy(file, tmp_path / "x.npy")


def promised(path, shape):
    """Write the header of a large array, and none of it."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": shape})
    path.write_bytes(head.getvalue())
    return path


def test_a_header_that_promises_more_than_its_file_is_refused_before_memory_is_taken(tmp_path):
    path = promised(tmp_path / "x.npy", (1 << 20, 1 << 20))
    with path.open("rb") as file, pytest.raises(DataError, match=r"asks for 8\.19e\+03 GiB"):
        read_npy(file, path)
    path = promised(tmp_path / "y.npy", (-1, 4))
    with path.open("rb") as file, pytest.raises(ValueError, match="declares the shape"):
        read_npy(file, path)


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_version_and_order_of_headers(tmp_path, version, order):
    values = np.asarray(np.arange(6.0).reshape(2, 3), order=order)
    with (tmp_path / "x.npy").open("wb") as file:
        np.lib.format.write_array(file, values, version=version)
    with (tmp_path / "x.npy").open("rb") as file:
        np.testing.assert_array_equal(read_npy(file, tmp_path / "x.npy"), values)
