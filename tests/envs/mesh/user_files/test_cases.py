"""A user's file comes back as theirs: names, tags, interfaces, version; monitors are matched and never guessed."""

from __future__ import annotations

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh.moving import Reading, move_files
from simplatform.errors import DataError, UsageError

FORMS = ("2.2_text", "2.2_binary", "4.1_text", "4.1_binary")


def group(data, name):
    """Return the numbers of the points of a physical group of lines."""
    tag = data.field_data[name][0]
    blocks = zip(data.cells, data.cell_data["gmsh:physical"], strict=True)
    return np.unique(np.concatenate([b.data[t == tag].ravel() for b, t in blocks if b.type == "line"]))


def areas(data):
    """Return the area of each material."""
    found = {}
    for block, tags in zip(data.cells, data.cell_data["gmsh:physical"], strict=True):
        if block.type == "triangle":
            a, b, c = np.moveaxis(data.points[block.data][..., :2], 1, 0)
            size = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
            for tag in np.unique(tags):
                found[int(tag)] = found.get(int(tag), 0) + size[tags == tag].sum()
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("plugin", ["auto", "spring"])
def test_groups_interfaces_and_the_form_of_the_file_hold(two, tmp_path, form, plugin):
    source, target = two / f"two_{form}.msh", tmp_path / "out.msh"
    result = move_files(source, two / "monitor.vtu", plugin=plugin, output=target)
    assert result["largest"] > 0.01
    before, after = meshio.read(source), meshio.read(target)
    assert target.read_bytes()[:20] == source.read_bytes()[:20]  # version and binary form
    assert {name: tuple(tag) for name, tag in after.field_data.items()} == {
        name: tuple(tag) for name, tag in before.field_data.items()
    }
    for ours, theirs in zip(after.cells, before.cells, strict=True):
        assert ours.type == theirs.type
        np.testing.assert_array_equal(ours.data, theirs.data)
    for ours, theirs in zip(after.cell_data["gmsh:physical"], before.cell_data["gmsh:physical"], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for name, place in (("interface", 0.5), ("inlet", 0.0), ("outlet", 1.0)):
        np.testing.assert_allclose(after.points[group(after, name), 0], place, atol=1e-12)
    assert areas(after) == pytest.approx({1: 0.5, 2: 0.5}, abs=1e-12)


def test_everything_but_coordinates_is_the_same_to_the_byte(two, tmp_path):
    source, target = two / "two_4.1_text.msh", tmp_path / "out.msh"
    move_files(source, two / "monitor.vtu", output=target)
    ours, theirs = (path.read_bytes().split(b"$Nodes")[0] for path in (target, source))
    assert ours == theirs
    ours, theirs = (path.read_bytes().split(b"$EndNodes")[1] for path in (target, source))
    assert ours == theirs


def test_all_forms_of_one_mesh_move_alike(two, tmp_path):
    places = []
    for form in FORMS:
        move_files(two / f"two_{form}.msh", two / "monitor.vtu", plugin="spring", output=tmp_path / f"{form}.msh")
        found = meshio.read(tmp_path / f"{form}.msh").points
        places.append(found[np.lexsort(found.round(9).T)])
    for other in places[1:]:
        np.testing.assert_allclose(other, places[0], atol=1e-9)


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


def test_a_mesh_in_another_plane_moves_in_it(two, tmp_path):
    move_files(two / "plane.vtu", two / "plane.vtu", plugin="spring", output=tmp_path / "o.vtu")
    before, after = meshio.read(two / "plane.vtu").points, meshio.read(tmp_path / "o.vtu").points
    np.testing.assert_array_equal(before[:, 1], after[:, 1])
    assert np.abs(after - before).max() > 0.01


def test_a_tilted_plane_moves_within_itself_and_a_curved_surface_is_refused(two, tmp_path):
    data = meshio.read(two / "plane.vtu")
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    data.points = data.points @ turn + 2.0
    data.write(tmp_path / "tilted.vtu")
    move_files(tmp_path / "tilted.vtu", tmp_path / "tilted.vtu", plugin="spring", output=tmp_path / "o.vtu")
    after = meshio.read(tmp_path / "o.vtu").points
    normal = np.linalg.svd(data.points - data.points.mean(0))[2][2]
    assert np.abs((after - data.points) @ normal).max() < 1e-12
    data.points = data.points + 0.05 * np.sin(9 * data.points[:, :1]) * normal
    data.write(tmp_path / "curved.vtu")
    with pytest.raises(DataError, match="curved surface"):
        move_files(tmp_path / "curved.vtu", tmp_path / "curved.vtu", output=tmp_path / "o2.vtu")


def test_groups_can_be_held_and_freed_by_name(two, tmp_path):
    source = two / "two_2.2_text.msh"
    before = meshio.read(source)
    inside = group(before, "interface")
    moved = {}
    for name, told in (("slide", None), ("hold", Reading(hold=("interface",))), ("free", Reading(free=("interface",)))):
        move_files(source, two / "monitor.vtu", plugin="spring", output=tmp_path / f"{name}.msh", reading=told)
        moved[name] = meshio.read(tmp_path / f"{name}.msh").points[inside] - before.points[inside]
    assert np.abs(moved["slide"][:, 0]).max() < 1e-12 < np.abs(moved["slide"][:, 1]).max()
    assert np.abs(moved["hold"]).max() == 0
    assert np.abs(moved["free"][:, 0]).max() > 1e-4
    with pytest.raises(UsageError, match="interface"):
        move_files(source, two / "monitor.vtu", output=tmp_path / "o.msh", reading=Reading(hold=("interfaces",)))


def test_a_move_that_makes_nothing_better_is_not_made_unless_forced(two, tmp_path):
    source = two / "two_2.2_text.msh"
    flat = tmp_path / "flat.npy"
    np.save(flat, np.ones(len(meshio.read(source).points)))
    result = move_files(source, flat, plugin="laplacian", output=tmp_path / "o.msh")
    if not result["share"]:
        np.testing.assert_array_equal(meshio.read(tmp_path / "o.msh").points, meshio.read(source).points)
    assert result["unevenness_after"] <= result["unevenness_before"]
    assert result["quality_after"] >= 0.5 * result["quality_before"]
    assert move_files(source, flat, plugin="laplacian", output=tmp_path / "f.msh", force=True)["share"] == 1


def test_the_weights_that_moved_a_mesh_are_named(two, tmp_path, cli):
    done = cli("move", two / "two_2.2_text.msh", "-m", two / "monitor.vtu", "-p", "um2n-energy", "-o", "o.msh", check=0)
    assert "weights" in done.stdout
    result = move_files(two / "two_2.2_text.msh", two / "monitor.vtu", plugin="um2n-energy", output=tmp_path / "p.msh")
    assert len(result["weights_digest"]) == 12
    assert result["weights_digest"] in done.stdout
