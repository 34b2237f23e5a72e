"""Files of fields: what was written is read, and what is wrong is named."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from simplatform.envs.fields.files import read_fields
from simplatform.errors import DataError
from tests.envs.fields.files import written

EXPECTED = {
    "plain.npz": ("npz", ("u",), (True,), ("viscosity",)),
    "1D_Burgers_Sols_Nu0.01.hdf5": ("PDEBench", ("u",), (True,), ()),
    "2D_CFD_Rand_M0.1.hdf5": ("PDEBench", ("density", "pressure", "Vx", "Vy"), (True, True), ()),
    "2D_diff-react_NA_NA.h5": ("PDEBench", ("field 0", "field 1"), (False, False), ()),
    "shear_flow.hdf5": ("The Well", ("density", "velocity_x", "velocity_y"), (True, False), ("viscosity",)),
}


@pytest.mark.parametrize("name", written.WRITERS)
def test_what_was_written_is_read(tmp_path, name):
    fields = written.WRITERS[name](tmp_path / name)
    found = read_fields(tmp_path / name)
    layout, channels, periodic, parameters = EXPECTED[name]
    assert (found.layout, found.channels, found.periodic, found.names) == (layout, channels, periodic, parameters)
    assert (found.count, found.frames, found.points) == (len(fields), fields.shape[1], fields.shape[3:])
    assert found.dt == pytest.approx(0.1)
    assert found.lengths == pytest.approx((2.0,) * len(found.points))
    for number, trajectory in enumerate(fields):
        np.testing.assert_array_equal(found.trajectory(number), trajectory)
    if parameters:
        np.testing.assert_array_equal(found.parameters[:, 0], np.arange(len(fields)))
    assert dict(found.lines())["channels"] == ", ".join(channels)


def test_a_bare_array_is_enough(tmp_path):
    np.savez(tmp_path / "bare.npz", fields=written.waves(2, 3))
    found = read_fields(tmp_path / "bare.npz")
    assert (found.dt, found.lengths, found.periodic) == (1.0, None, (True, True))


def test_a_value_that_is_not_finite_is_named(tmp_path):
    fields = written.waves()
    fields[2, 1, 0, 3] = np.nan
    np.savez(tmp_path / "gap.npz", fields=fields)
    with pytest.raises(DataError, match="trajectory 2, frame 1"):
        read_fields(tmp_path / "gap.npz").trajectory(2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"fields": np.zeros((3, 4))}, "fields"),
        ({"fields": np.zeros((3, 1, 1, 8))}, "two frames"),
        ({"t": np.array([0.0, 0.1, 0.3, 0.4])}, "evenly spaced"),
        ({"t": np.arange(7)}, "t must be"),
        ({"parameters": np.full((5, 1), np.nan)}, "not finite"),
        ({"names": np.array(["a", "b"])}, "names"),
        ({"channels": np.array(["u", "v"])}, "names of 1 channels"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, changed, message):
    held = {"fields": written.waves(), "parameters": np.zeros((5, 1)), "names": np.array(["nu"]), **changed}
    np.savez(tmp_path / "odd.npz", **held)
    with pytest.raises(DataError, match=message):
        read_fields(tmp_path / "odd.npz")


def test_other_files_are_refused_in_one_line(tmp_path):
    with pytest.raises(DataError, match="is not a file"):
        read_fields(tmp_path / "missing.npz")
    (tmp_path / "text.hdf5").write_text("no")
    with pytest.raises(DataError, match="cannot be read as fields"):
        read_fields(tmp_path / "text.hdf5")
    (tmp_path / "table.csv").write_text("a,b")
    with pytest.raises(DataError, match="not as"):
        read_fields(tmp_path / "table.csv")
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file["something"] = np.zeros(3)
    with pytest.raises(DataError, match="none of PDEBench's layouts"):
        read_fields(tmp_path / "odd.h5")
    np.savez(tmp_path / "pickle.npz", fields=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="holds Python objects, and opening it would run code"):
        read_fields(tmp_path / "pickle.npz")


def test_times_in_single_precision_are_even(tmp_path):
    fields = written.waves()
    np.savez(tmp_path / "late.npz", fields=fields, t=(1000 + 0.01 * np.arange(written.FRAMES)).astype(np.float32))
    assert read_fields(tmp_path / "late.npz").dt == pytest.approx(0.01, rel=1e-2)


def linked(path):
    with h5py.File(path.with_name("other.h5"), "w") as file:
        file["tensor"] = np.zeros((4, 5, 6), np.float32)
    with h5py.File(path, "w") as file:
        file["tensor"] = h5py.ExternalLink("other.h5", "tensor")


def test_fields_of_strangers_lead_nowhere(tmp_path):
    linked(tmp_path / "f.h5")
    with pytest.raises(DataError, match="is a link; links in files of others are not followed"):
        read_fields(tmp_path / "f.h5")


def test_a_trajectory_is_held_to_the_budget_and_a_file_is_not(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.create_dataset("tensor", (300, 10, 10_000), "f4", chunks=(1, 10, 1000), compression="gzip")
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.001")
    assert read_fields(tmp_path / "f.h5").trajectory(0).shape == (10, 1, 10_000)
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.0001")
    with pytest.raises(DataError, match=r"trajectory 0 of .*f\.h5 asks for .*SIMPLATFORM_READ_GIB"):
        read_fields(tmp_path / "f.h5").trajectory(0)


def test_an_npz_that_unfolds_beyond_the_budget_is_not_read(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "f.npz", fields=np.zeros((3, 4, 1, 100_000), np.float32))
    read_fields(tmp_path / "f.npz")
    monkeypatch.setenv("SIMPLATFORM_READ_GIB", "0.001")
    with pytest.raises(DataError, match=r"asks for .*SIMPLATFORM_READ_GIB"):
        read_fields(tmp_path / "f.npz")
