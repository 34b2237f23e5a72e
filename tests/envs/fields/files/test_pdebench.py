"""PDEBench's layouts: one array, an array a field, a group a trajectory."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from simplatform.envs.fields.files.pdebench import BOUNDED, read_pdebench
from simplatform.errors import DataError
from tests.envs.fields.files import written


@pytest.mark.parametrize("writer", [written.pdebench_tensor, written.pdebench_flow, written.pdebench_groups])
def test_every_layout_gives_back_its_trajectories(tmp_path, writer):
    path = tmp_path / "some.h5"
    fields = writer(path)
    found = read_pdebench(path)
    assert found.count == len(fields)
    assert found.dt == pytest.approx(0.1)
    assert found.lengths == pytest.approx((0.25 * written.N,) * (fields.ndim - 3))
    for number in range(found.count):
        np.testing.assert_array_equal(found.read(number), fields[number])


@pytest.mark.parametrize("part", BOUNDED)
def test_walls_are_told_by_the_name(tmp_path, part):
    for name, wraps in ((f"2D_{part.upper()}_x.h5", False), ("2D_CFD.h5", True)):
        written.pdebench_groups(tmp_path / name)
        assert read_pdebench(tmp_path / name).periodic == (wraps, wraps)


def test_groups_are_in_the_order_of_their_names_whatever_was_written_first(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        for name in ("0002", "0000", "0001"):
            file[f"{name}/data"] = np.full((2, 4, 1), int(name))
    found = read_pdebench(path)
    assert [found.read(number)[0, 0, 0] for number in range(3)] == [0, 1, 2]
    assert (found.dt, found.lengths) == (1.0, None), "without coordinates frames are 1 apart and the box is not known"


def test_what_is_none_of_the_layouts_is_refused_with_what_is_there(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["something"] = np.zeros(3)
    with pytest.raises(DataError, match=r"none of PDEBench's layouts.*it has something"):
        read_pdebench(path)


def test_fields_and_trajectories_share_one_shape(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["density"], file["pressure"] = np.zeros((2, 3, 4)), np.zeros((2, 3, 5))
    with pytest.raises(DataError, match=r"density \(2, 3, 4\), pressure \(2, 3, 5\)"):
        read_pdebench(tmp_path / "a.h5")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["0/data"], file["1/data"] = np.zeros((2, 4, 1)), np.zeros((3, 4, 1))
    with pytest.raises(DataError, match="trajectories differ in shape"):
        read_pdebench(tmp_path / "b.h5")


def test_uneven_coordinates_are_named(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["tensor"], file["x-coordinate"] = np.zeros((2, 3, 4)), [0.0, 1.0, 3.0, 4.0]
    with pytest.raises(DataError, match=r"coordinates must be evenly spaced"):
        read_pdebench(tmp_path / "a.h5")
