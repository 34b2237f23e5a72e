"""The Well's layout: what moves is a channel, what differs between trajectories is a parameter."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from simplatform.envs.fields.files.the_well import read_the_well
from simplatform.errors import DataError
from tests.envs.fields.files import written


@pytest.fixture
def path(tmp_path):
    written.the_well(tmp_path / "x.h5")
    return tmp_path / "x.h5"


def changed(path, change):
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def test_scalars_and_vectors_are_channels_in_order(path):
    with h5py.File(path) as file:
        density, velocity = file["t0_fields/density"][()], file["t1_fields/velocity"][()]
    found = read_the_well(path)
    assert found.channels == ("density", "velocity_x", "velocity_y"), "the seabed does not move"
    for number in range(found.count):
        fields = found.read(number)
        np.testing.assert_array_equal(fields[:, 0], density[number])
        np.testing.assert_array_equal(fields[:, 1], velocity[number, ..., 0])
        np.testing.assert_array_equal(fields[:, 2], velocity[number, ..., 1])


def test_tensors_are_channels_row_by_row(path):
    stress = np.arange(written.COUNT * written.FRAMES * written.N**2 * 4, dtype=np.float32)
    stress = stress.reshape(written.COUNT, written.FRAMES, written.N, written.N, 2, 2)
    changed(path, lambda file: written._field(file, "t2_fields/stress", stress))
    found = read_the_well(path)
    assert found.channels[3:] == ("stress_x_x", "stress_x_y", "stress_y_x", "stress_y_y")
    np.testing.assert_array_equal(found.read(1)[:, 4], stress[1, ..., 0, 1])


def test_a_field_that_all_trajectories_share_is_read_for_each(path):
    fields = np.random.default_rng(0).normal(size=(written.FRAMES, written.N, written.N)).astype(np.float32)

    def change(file):
        written._field(file, "t0_fields/heat", fields)
        file["t0_fields/heat"].attrs["sample_varying"] = False

    found = read_the_well(changed(path, change))
    place = found.channels.index("heat")
    for number in (0, 3):
        np.testing.assert_array_equal(found.read(number)[:, place], fields)


def test_parameters_are_the_constants_that_differ(path):
    def change(file):
        for name, values, flags in (("gravity", 9.81, (False, False)), ("wind", np.zeros((5, 4)), (True, True))):
            file[f"scalars/{name}"] = values
            file[f"scalars/{name}"].attrs.update({"sample_varying": flags[0], "time_varying": flags[1]})

    found = read_the_well(changed(path, change))
    assert found.names == ("viscosity",)
    assert found.parameters[:, 0].tolist() == list(range(written.COUNT))


def test_walls_and_steps(path):
    found = read_the_well(path)
    assert found.periodic == (True, False)
    assert found.lengths == pytest.approx((2.0, 2.0))
    assert found.dt == pytest.approx(0.1)


def test_other_grids_and_files_without_motion_are_refused(path):
    with pytest.raises(DataError, match="its grid is spherical; only Cartesian"):
        read_the_well(changed(path, lambda file: file.attrs.update({"grid_type": "spherical"})))

    def still(file):
        file.attrs["grid_type"] = "cartesian"
        for name in ("t0_fields/density", "t1_fields/velocity"):
            file[name].attrs["time_varying"] = False

    with pytest.raises(DataError, match="no field that changes in time"):
        read_the_well(changed(path, still))
