"""Mesh files: whatever meshio reads, checked before use."""

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh import moving
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.files import read_mesh, write_mesh
from simplatform.envs.mesh.geometry.validity import tangled_cells
from simplatform.errors import DataError, UsageError
from tests.envs.mesh.geometry.mesh_files_cases import bump, read_monitor

MESHES = [generators.square(8), generators.quads(4), generators.cube(2)]


@pytest.mark.parametrize("mesh", MESHES, ids=lambda mesh: mesh.kind)
@pytest.mark.parametrize("suffix", ["vtu", "msh", "vtk"])
def test_round_trip(tmp_path, mesh, suffix):
    path = tmp_path / f"mesh.{suffix}"
    write_mesh(path, mesh, {"m": bump(mesh)})
    again = read_mesh(path)
    assert again.kind == mesh.kind
    assert np.allclose(again.points, mesh.points)
    assert np.array_equal(again.cells, mesh.cells)
    assert np.allclose(read_monitor(path, again), bump(mesh))
    if suffix == "msh":  # Gmsh's, not ANSYS's
        assert path.read_bytes().startswith(b"$MeshFormat")


def test_a_writer_that_fails_is_named(tmp_path):
    with pytest.raises(DataError, match=r"cannot write .*vtu always works"):
        write_mesh(tmp_path / "mesh.su2", generators.square(4))  # a writer that meshio 5.3 has broken


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mesh.off", "OFF\n\n# made by hand\n"),
        ("mesh.ply", "ply\nformat ascii 1.0\nelement vertex 9\ncomment end_header"),
        ("mesh.mdpa", "Begin ModelPartData\nEnd ModelPartData\nBegin Nodes\n1 0 0 0\n"),
        ("mesh.bdf", "$ BEGIN BULK\nGRID,1\nBEGIN BULK\n$ nothing\n"),
    ],
)
def test_a_file_whose_reader_would_wait_for_ever_is_refused(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match="is cut short: it lacks"):
        read_mesh(tmp_path / name)


def test_moving_a_file_leaves_the_input_and_gathers_vertices(tmp_path):
    mesh, source, target = generators.square(12), tmp_path / "in.vtu", tmp_path / "out.vtu"
    write_mesh(source, mesh, {"m": bump(mesh)})
    before = source.read_bytes()
    result = moving.move_files(source, source, output=target, figure=tmp_path / "f.png")
    moved = read_mesh(target)
    assert source.read_bytes() == before
    assert len(tangled_cells(moved, mesh)) == 0
    near = [(np.linalg.norm(m.points - 0.4, axis=1) < 0.2).sum() for m in (mesh, moved)]
    assert near[1] > 1.2 * near[0]
    assert result["largest"] > 0.01
    assert (tmp_path / "f.png").stat().st_size > 1000


@pytest.mark.parametrize("plugin", ["laplacian", "spring"])
@pytest.mark.parametrize("mesh", [generators.interval(12), generators.quads(8), generators.cube(3)],
                         ids=lambda mesh: mesh.kind)  # fmt: skip
def test_other_cells_are_moved_by_the_movers_that_take_them(tmp_path, mesh, plugin):
    write_mesh(tmp_path / "in.vtu", mesh, {"m": bump(mesh)})
    result = moving.move_files(tmp_path / "in.vtu", tmp_path / "in.vtu", plugin=plugin, output=tmp_path / "out.vtu")
    assert result["largest"] > 1e-3
    assert len(tangled_cells(read_mesh(tmp_path / "out.vtu"), mesh)) == 0


def test_what_is_no_mesh_is_named(tmp_path):
    (tmp_path / "text.vtu").write_text("hello")
    with pytest.raises(DataError, match="not a mesh that meshio reads"):
        read_mesh(tmp_path / "text.vtu")
    with pytest.raises(DataError, match="does not exist"):
        read_mesh(tmp_path / "none.vtu")
    six = meshio.Mesh(np.random.default_rng(0).random((6, 3)), [("triangle6", np.arange(6)[None])])
    six.write(tmp_path / "curved.vtu")
    with pytest.raises(DataError, match="curved cells"):
        read_mesh(tmp_path / "curved.vtu")
    sphere = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    meshio.Mesh(sphere, [("triangle", np.array([[0, 1, 2], [0, 1, 3]]))]).write(tmp_path / "surface.vtu")
    with pytest.raises(DataError, match="curved or tilted surface"):
        read_mesh(tmp_path / "surface.vtu")


def test_cells_that_would_be_left_out_are_refused(tmp_path):
    """A file's cells are all read or none: a mesh without its quads would be another mesh."""
    square = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0.5, 0]])
    blocks = [("quad", [[0, 1, 2, 3]]), ("triangle", [[1, 4, 2]])]
    meshio.Mesh(square, blocks).write(tmp_path / "mixed.vtu")
    with pytest.raises(DataError, match=r"mixes cells of several kinds \(quad, triangle\)"):
        read_mesh(tmp_path / "mixed.vtu")
    corners = np.array([[x, y, z] for z in (0.0, 1) for y in (0, 1) for x in (0, 1)])
    bottom = [[0, 1, 3, 2]]
    meshio.Mesh(corners, [("hexahedron", [[0, 1, 3, 2, 4, 5, 7, 6]]), ("quad", bottom)]).write(tmp_path / "hex.vtu")
    with pytest.raises(DataError, match="cells of kind hexahedron; expected one of line, triangle, quad, tetra"):
        read_mesh(tmp_path / "hex.vtu")
    curved = np.random.default_rng(0).random((9, 3)) * [1, 1, 0]
    meshio.Mesh(curved, [("triangle6", [[0, 1, 2, 3, 4, 5]]), ("triangle", [[6, 7, 8]])]).write(tmp_path / "half.vtu")
    with pytest.raises(DataError, match=r"curved cells \(triangle, triangle6\)"):
        read_mesh(tmp_path / "half.vtu")


def test_fields_are_chosen_by_name(tmp_path):
    mesh, path = generators.square(6), tmp_path / "two.vtu"
    write_mesh(path, mesh, {"a": bump(mesh), "b": 2 * bump(mesh)})
    assert np.allclose(read_monitor(path, mesh, "b"), 2 * bump(mesh))
    with pytest.raises(UsageError, match="--field"):
        read_monitor(path, mesh)
    with pytest.raises(DataError, match="no field 'c'"):
        read_monitor(path, mesh, "c")


def test_numbers_that_are_not_real_are_refused(tmp_path):
    mesh = generators.square(6)
    for values in (bump(mesh) + 1j, bump(mesh).astype(str), bump(mesh) > 2):
        np.save(tmp_path / "m.npy", values)
        with pytest.raises(DataError, match=r"m\.npy holds .*, expected real numbers"):
            read_monitor(tmp_path / "m.npy", mesh)


def test_a_mark_of_byte_order_is_no_number(tmp_path):
    mesh = generators.square(6)
    for suffix in ("csv", "txt"):
        text = "\n".join(map(repr, bump(mesh).tolist()))
        (tmp_path / f"m.{suffix}").write_text(text, encoding="utf-8-sig")
        assert np.array_equal(read_monitor(tmp_path / f"m.{suffix}", mesh), bump(mesh))


def test_a_format_that_there_is_not_names_the_file_as_it_was_given(tmp_path):
    with pytest.raises(
        DataError, match=r"cannot write .*x\.xyz: ReadError Could not deduce file format from path x\.xyz"
    ):
        write_mesh(tmp_path / "x.xyz", generators.square(6))
