"""Every fault of a user's mesh or monitor is named by its vertex or cell; nothing moves, no file changes."""

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh import moving
from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.boundary import FIXED, SLIDING, classify
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.geometry.validity import check_mesh, oriented, tangled_cells
from simplatform.errors import DataError, MissingDependency


def plain():
    mesh = generators.structured_square(4)
    return mesh.points.copy(), mesh.cells.copy()


def orphan(points, cells):
    return np.vstack([points, [[0.4, 0.4]]]), cells


def duplicate(points, cells):
    cells[7, 0] = len(points)
    return np.vstack([points, points[plain()[1][7, 0]]]), cells


def inverted(points, cells):
    points[6] += [0.6, 0.6]
    return points, cells


def flat(points, cells):
    points[6] = points[[1, 2]].mean(axis=0)
    return points, cells


def not_finite(points, cells):
    points[3, 1] = np.nan
    return points, cells


def collapsed(points, cells):
    cells[9, 1] = cells[9, 0]
    return points, cells


def overlapping(points, cells):
    return points, np.vstack([cells, cells[4:5]])


MESHES = {
    orphan: r"no cell uses vertex \(orphan\) 25: remove orphans",
    duplicate: r"same place as an earlier vertex \(duplicate\): vertex 25: merge duplicates",
    inverted: r"inverted \(negative orientation\) cell \d+ \(and \d+ more\)",
    flat: r"zero area or volume in cell \d+",
    not_finite: "coordinates are not finite at vertex 3: repair the file",
    collapsed: "the same vertex twice in cell 9: delete collapsed cells",
    overlapping: "facets belong to more than two cells; the first has vertices",
}


@pytest.mark.parametrize("suffix", ["vtu", "msh", "vtk"])
@pytest.mark.parametrize("fault", MESHES, ids=lambda fault: fault.__name__)
def test_faulty_mesh_files_are_named_and_left_alone(tmp_path, fault, suffix):
    points, cells = fault(*plain())
    source, output = tmp_path / f"in.{suffix}", tmp_path / "out.vtu"
    meshio.Mesh(np.column_stack([points, np.zeros(len(points))]), [("triangle", cells)]).write(source)
    np.save(tmp_path / "m.npy", np.ones(len(points)))
    before = source.read_bytes()
    # Reading repairs the numbering of negative cells, so that a cell turned over shows as a fold.
    message = MESHES[fault] if fault is not inverted else r"turned over .* cell \d+"
    with pytest.raises(DataError, match=message):
        moving.move_files(source, tmp_path / "m.npy", output=output)
    assert source.read_bytes() == before
    assert not output.exists()


@pytest.mark.parametrize("fault", MESHES, ids=lambda fault: fault.__name__)
def test_environments_refuse_the_same_meshes(fault):
    with pytest.raises(DataError, match=MESHES[fault]):
        MeshMovement(mesh=Mesh(*fault(*plain())))


@pytest.mark.parametrize("kind", ["line", "triangle", "quad", "tetra"])
def test_numbering_is_repaired_but_folds_are_not(kind):
    make = {"line": generators.interval, "triangle": generators.structured_square, "quad": generators.quads}
    mesh = make.get(kind, generators.cube)(3)
    turned = mesh.cells.copy()
    turned[1] = turned[1][[1, 0, *range(2, turned.shape[1])]] if kind != "quad" else turned[1][::-1]
    assert (oriented(Mesh(mesh.points, turned, kind)).corner_volumes > 0).all()
    check_mesh(oriented(Mesh(mesh.points, turned, kind)))
    inner = np.flatnonzero(~mesh.boundary)[0]
    pulled = mesh.points.copy()
    pulled[inner] += 0.7
    with pytest.raises(DataError, match=r"turned over|inverted"):
        check_mesh(oriented(Mesh(pulled, mesh.cells, kind)))


MONITORS = {
    r"expected shape \(25,\), got \(24,\)": np.ones(24),
    r"expected shape \(25,\), got \(25, 2\)": np.ones((25, 2)),
    r"not finite at vertex 4 \(and 1 more\): replace NaN": np.r_[np.ones(4), np.nan, np.inf, np.ones(19)],
    "negative at vertex 24: a monitor is a density": np.r_[np.ones(24), -1e-3],
    "zero everywhere": np.zeros(25),
}


@pytest.mark.parametrize("plugin", ["monge-ampere", "spring", "laplacian"])
@pytest.mark.parametrize("message", MONITORS)
def test_faulty_monitors_are_named_and_nothing_moves(tmp_path, message, plugin):
    points, cells = plain()
    source, monitor, output = (tmp_path / name for name in ("in.vtu", "m.npy", "out.vtu"))
    meshio.Mesh(points, [("triangle", cells)]).write(source)
    np.save(monitor, MONITORS[message])
    before = source.read_bytes(), monitor.read_bytes()
    with pytest.raises(DataError, match=message):
        moving.move_files(source, monitor, plugin=plugin, output=output)
    assert (source.read_bytes(), monitor.read_bytes()) == before
    assert not output.exists()


def test_parts_that_do_not_touch_are_named(tmp_path):
    points, cells = plain()
    both = np.vstack([points, points + [2, 0]]), np.vstack([cells, cells + len(points)])
    meshio.Mesh(both[0], [("triangle", both[1])]).write(tmp_path / "in.vtu")
    np.save(tmp_path / "m.npy", np.linspace(1, 2, len(both[0])))
    with pytest.raises(DataError, match=r"2 parts that do not touch; not in the first: vertex 25 \(and 24 more\)"):
        moving.move_files(tmp_path / "in.vtu", tmp_path / "m.npy", output=tmp_path / "out.vtu")
    assert not (tmp_path / "out.vtu").exists()


def test_without_boundary_tags_the_boundary_is_found_from_the_cells(tmp_path):
    points, cells = plain()
    rim = np.flatnonzero(Mesh(points, cells).boundary)
    lines = np.stack([rim[:-1], rim[1:]], axis=1)
    blocks = {"bare": [("triangle", cells)], "tagged": [("line", lines), ("triangle", cells)]}
    monitor = 1 + 5 * np.exp(-20 * ((points - 0.3) ** 2).sum(axis=1))
    moved = {}
    for name, block in blocks.items():
        meshio.Mesh(points, block).write(tmp_path / f"{name}.vtu")
        np.save(tmp_path / "m.npy", monitor)
        moving.move_files(tmp_path / f"{name}.vtu", tmp_path / "m.npy", output=tmp_path / f"{name}-out.vtu")
        moved[name] = meshio.read(tmp_path / f"{name}-out.vtu").points
    assert np.array_equal(moved["bare"], moved["tagged"])
    assert np.isin(moved["bare"][rim, :2], (0.0, 1.0)).any(axis=1).all()


@pytest.mark.parametrize("geometry", ["disc", "coastline", "cylinder"])
def test_curved_boundaries_keep_their_shape(geometry):
    try:
        mesh = generators.generate(geometry, 10)
    except MissingDependency as error:
        pytest.skip(str(error))
    flags, _ = classify(mesh)
    corner = mesh.boundary & (flags != SLIDING)
    assert (flags[corner] == FIXED).all()
    assert corner.sum() > 0.2 * mesh.boundary.sum()
    middle = mesh.points.mean(axis=0)
    monitor = 1 + 5 * np.exp(-20 * ((mesh.points - middle) ** 2).sum(axis=1))
    done = moving.move(moving.find_mover("monge-ampere", None), mesh, monitor)
    moved = mesh.moved(mesh.points + done.displacement)
    assert np.abs(done.displacement).max() > 1e-3
    assert np.abs(done.displacement[corner]).max() == 0.0
    assert moved.volumes.sum() == pytest.approx(mesh.volumes.sum(), rel=1e-12)
    assert not len(tangled_cells(moved, mesh))
