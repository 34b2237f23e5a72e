"""Every fault of a user's mesh or monitor is named by its vertex or cell; nothing moves, no file changes."""

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh import moving
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.boundary import FIXED, SLIDING, classify
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.geometry.validity import check_mesh, oriented, tangled_cells
from simplatform.errors import DataError, MissingDependency
from tests.envs.mesh.geometry.mesh_bad_input_cases import (
    MESHES,
    inverted,
    plain,
)


@pytest.mark.parametrize("suffix", ["vtu", "msh", "vtk"])
@pytest.mark.parametrize(
    "fault", [fault for fault in MESHES if fault.__name__ != "orphan"], ids=lambda fault: fault.__name__
)
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
    "holds 24 numbers; expected 25": np.ones(24),
    "holds 50 numbers; expected 25": np.ones((25, 2)),
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
