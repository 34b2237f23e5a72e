"""Mesh files and the move command: what goes in stays as it is, what is wrong is named."""

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh import moving
from simplatform.envs.mesh.geometry import generators, gmsh_geometries
from simplatform.envs.mesh.geometry.files import read_mesh, read_monitor, write_mesh
from simplatform.envs.mesh.geometry.outlines import OUTLINES
from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.geometry.validity import check_mesh, tangled_cells
from simplatform.errors import ContractError, DataError, MissingDependency, UnknownName, UsageError

MESHES = [generators.square(8), generators.quads(4), generators.cube(2)]


def bump(mesh):
    return 1 + 5 * np.exp(-20 * ((mesh.points - 0.4) ** 2).sum(axis=1))


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


@pytest.mark.parametrize("plugin", ["monge-ampere", "um2n", "um2n-energy", "r-adapt"])
@pytest.mark.parametrize("mesh", [generators.interval(6), generators.quads(3), generators.cube(2)],
                         ids=lambda mesh: mesh.kind)  # fmt: skip
def test_movers_of_triangles_refuse_other_cells_by_name(tmp_path, mesh, plugin):
    write_mesh(tmp_path / "in.vtu", mesh, {"m": bump(mesh)})
    with pytest.raises((DataError, ContractError), match="triangles"):
        moving.move_files(tmp_path / "in.vtu", tmp_path / "in.vtu", plugin=plugin, output=tmp_path / "out.vtu")
    assert not (tmp_path / "out.vtu").exists()


@pytest.mark.parametrize("values", [np.r_[np.ones(50), np.nan], np.ones(3)])
def test_a_bad_monitor_moves_nothing(tmp_path, values):
    mesh = generators.square(8)
    write_mesh(tmp_path / "in.vtu", mesh)
    monitor = np.ones(len(mesh.points))
    monitor[: len(values)] = values[: len(monitor)]
    np.save(tmp_path / "m.npy", monitor if len(values) > 3 else values)
    with pytest.raises(DataError, match=r"not finite at vertex 50|expected shape"):
        moving.move_files(tmp_path / "in.vtu", tmp_path / "m.npy", output=tmp_path / "out.vtu")
    assert not (tmp_path / "out.vtu").exists()


def test_the_input_is_never_the_output(tmp_path):
    write_mesh(tmp_path / "in.vtu", generators.square(6))
    with pytest.raises(UsageError, match="is an input"):
        moving.move_files(tmp_path / "in.vtu", tmp_path / "in.vtu", output=tmp_path / "in.vtu")


def test_outputs_that_cannot_be_written_are_named(tmp_path):
    write_mesh(tmp_path / "in.vtu", generators.square(6), {"m": bump(generators.square(6))})
    for output, message in (("out.xyz", "always works"), ("no/out.vtu", "there is no folder")):
        with pytest.raises(DataError, match=message):
            moving.move_files(tmp_path / "in.vtu", tmp_path / "in.vtu", output=tmp_path / output)
    for figure, message in (("f.vtu", "suffix may be"), ("no/f.png", "there is no folder"), ("in.vtu", "is an input")):
        with pytest.raises(UsageError, match=message):
            moving.move_files(
                tmp_path / "in.vtu", tmp_path / "in.vtu", output=tmp_path / "out.vtu", figure=tmp_path / figure
            )
    assert not (tmp_path / "out.vtu").exists()


def test_settings_of_the_mover_reach_it(tmp_path):
    mesh = generators.square(10)
    write_mesh(tmp_path / "in.vtu", mesh, {"m": bump(mesh)})
    files = {"mesh_file": tmp_path / "in.vtu", "monitor_file": tmp_path / "in.vtu", "output": tmp_path / "out.vtu"}
    for plugin in ("monge-ampere", "um2n"):
        whole, half = (moving.move_files(**files, plugin=plugin, settings={"share": s})["largest"] for s in (1.0, 0.5))
        assert half == pytest.approx(whole / 2, rel=1e-5)
    with pytest.raises(UsageError, match=r"policy\.share"):
        moving.move_files(**files, settings={"shared": 0.5})


def test_movers_are_those_that_recipes_start_on_meshes():
    names = {entry.name for entry in moving.movers()}
    assert names == {"laplacian", "m2n", "monge-ampere", "r-adapt", "spring", "ugm2n", "um2n", "um2n-energy"}
    with pytest.raises(UnknownName, match="unknown mover 'mp1'"):
        moving.find_mover("mp1", None)


def test_a_learned_mover_without_training_says_so_and_what_there_is_instead(tmp_path, monkeypatch):
    weights = moving.pretrained
    monkeypatch.setattr(moving, "pretrained", lambda name: None if name == "m2n" else weights(name))
    ready = "With weights: ugm2n, um2n, um2n-energy; without training: laplacian, monge-ampere, r-adapt, spring"
    with pytest.raises(UsageError, match=ready):
        moving.find_mover("m2n", None, tmp_path)


@pytest.mark.parametrize("plugin", ["um2n", "um2n-energy", "ugm2n", "m2n"])
def test_movers_that_come_with_weights_need_no_training(tmp_path, plugin):
    mesh = generators.square(8)
    done = moving.move(moving.find_mover(plugin, None, tmp_path), mesh, bump(mesh))
    assert np.abs(done.displacement).max() > 1e-3
    assert not len(tangled_cells(mesh.moved(mesh.points + done.displacement)))


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


def test_gmsh_geometries():
    try:
        channel = gmsh_geometries.channel_with_cylinder(0.06)
    except MissingDependency as error:
        pytest.skip(str(error))
    assert check_mesh(channel).volumes.sum() == pytest.approx(2.2 * 0.41 - np.pi * 0.05**2, rel=1e-3)


@pytest.mark.parametrize("geometry", OUTLINES)
def test_gmsh_meshes_every_outline(geometry):
    try:
        mesh = generators.generate(geometry, 14, 3, mesher="gmsh")
    except MissingDependency as error:
        pytest.skip(str(error))
    ours = generators.generate(geometry, 14, 3)
    assert check_mesh(mesh).volumes.sum() == pytest.approx(ours.volumes.sum(), rel=1e-12)
    assert quality(mesh).mean() > 0.9
    assert 0.6 < len(mesh.points) / len(ours.points) < 1.6
    assert np.array_equal(mesh.points, generators.generate(geometry, 14, 3, mesher="gmsh").points)


def test_unknown_meshers_suggest():
    with pytest.raises(UnknownName, match="gmsh"):
        generators.generate("square", 8, mesher="gmesh")
