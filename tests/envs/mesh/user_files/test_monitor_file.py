"""Monitors are matched by position, chosen by name, component and time, and never guessed."""

from __future__ import annotations

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh.moving import Reading, move_files
from simplatform.errors import DataError, UsageError


def test_a_monitor_in_another_order_is_matched_by_position(two, tmp_path):
    for name in ("monitor", "reordered"):
        move_files(two / "two_2.2_text.msh", two / f"{name}.vtu", plugin="spring", output=tmp_path / f"{name}.msh")
    one, other = (meshio.read(tmp_path / f"{name}.msh").points for name in ("monitor", "reordered"))
    np.testing.assert_allclose(one, other, atol=1e-12)


def test_a_monitor_of_another_mesh_is_refused_with_the_distance(two, tmp_path):
    data = meshio.read(two / "monitor.vtu")
    data.points = data.points + [0.01, 0, 0]
    data.write(tmp_path / "shifted.vtu")
    with pytest.raises(DataError, match=r"is 0\.01 away"):
        move_files(two / "two_2.2_text.msh", tmp_path / "shifted.vtu", output=tmp_path / "o.msh")
    assert not (tmp_path / "o.msh").exists()


def test_indicators_of_cells_are_averaged_to_vertices(two, tmp_path):
    result = move_files(two / "two_2.2_text.msh", two / "cells.vtu", plugin="spring", output=tmp_path / "o.msh")
    assert result["unevenness_after"] < result["unevenness_before"]


def test_a_vector_wants_a_component(two, tmp_path):
    with pytest.raises(UsageError, match=r"--component \(0 to 2, or norm\)"):
        move_files(two / "two_2.2_text.msh", two / "vector.vtu", output=tmp_path / "o.msh")
    chosen = [
        move_files(two / "two_2.2_text.msh", two / name, plugin="spring", output=tmp_path / "o.msh", reading=reading)
        for name, reading in (("vector.vtu", Reading(component="0")), ("vector.vtu", Reading(component="norm")),
                              ("monitor.vtu", None))
    ]  # fmt: skip
    assert chosen[0]["largest"] == pytest.approx(chosen[2]["largest"], rel=1e-9)
    assert chosen[1]["largest"] == pytest.approx(chosen[2]["largest"], rel=1e-9)


def test_a_series_wants_a_time(two, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # meshio writes the series' HDF5 file into the working folder
    data = meshio.read(two / "monitor.vtu")
    with meshio.xdmf.TimeSeriesWriter("series.xdmf") as series:
        series.write_points_cells(data.points, data.cells)
        for time in (0.0, 1.0):
            series.write_data(time, point_data={"f": data.point_data["f"] + 5 * time})
    with pytest.raises(UsageError, match=r"--time \(0, 1\)"):
        move_files(two / "two_2.2_text.msh", tmp_path / "series.xdmf", output=tmp_path / "o.msh")
    with pytest.raises(DataError, match="no time 3"):
        move_files(two / "two_2.2_text.msh", tmp_path / "series.xdmf", output=tmp_path / "o.msh",
                   reading=Reading(time=3.0))  # fmt: skip
    flat, plain = (
        move_files(two / "two_2.2_text.msh", tmp_path / name, plugin="spring", output=tmp_path / "o.msh", reading=told)
        for name, told in (("series.xdmf", Reading(time=0.0)), (two / "monitor.vtu", None))
    )
    assert flat["largest"] == pytest.approx(plain["largest"], rel=1e-9)
