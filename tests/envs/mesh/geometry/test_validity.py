"""What is wrong with a mesh or a monitor function, said precisely, before anything moves."""

import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.geometry.validity import check_mesh, check_monitor, oriented
from simplatform.errors import DataError

AREAS = {"square": 1.0, "l-shape": 0.75, "hole": 0.91}


@pytest.mark.parametrize("geometry", generators.GEOMETRIES)
def test_generated_meshes_are_valid_and_well_shaped(geometry):
    mesh = check_mesh(generators.generate(geometry, 16, 1))
    assert quality(mesh).min() > 0.5
    assert quality(mesh).mean() > (0.75 if mesh.kind == "tetra" else 0.9)  # six tetrahedra of a cube have 0.756
    if geometry in AREAS:
        assert mesh.volumes.sum() == pytest.approx(AREAS[geometry], abs=1e-12)


@pytest.mark.parametrize(
    "mesh", [generators.quads(3), generators.interval(4), generators.cube(2), generators.structured_square(3)]
)
def test_structured_meshes_fill_the_unit_cube(mesh):
    assert check_mesh(mesh).volumes.sum() == pytest.approx(1.0)
    inner = ((mesh.points > 1e-9) & (mesh.points < 1 - 1e-9)).all(axis=1)
    assert (mesh.boundary == ~inner).all()


def _faulty(change):
    mesh = generators.structured_square(3)
    points, cells = mesh.points.copy(), mesh.cells.copy()
    points, cells = change(points, cells)
    return Mesh(points, cells)


def _set(array, index, value):
    array[index] = value
    return array


FAULTS = {
    "not finite at vertex 5": lambda p, c: (_set(p, (5, 0), np.nan), c),
    "outside 0…15 in cell 2": lambda p, c: (p, _set(c, (2, 1), 99)),
    "twice in cell 4": lambda p, c: (p, _set(c, (4, 0), c[4, 1])),
    r"vertex \(orphan\) 16": lambda p, c: (np.vstack([p, [[2, 2]]]), c),
    r"\(duplicate\): vertex 16": lambda p, c: (np.vstack([p, p[:1]]), _set(c, (0, 0), 16)),
    "inverted .* cell 3": lambda p, c: (p, _set(c, 3, c[3][[1, 0, 2]])),
    "zero area or volume in cell 0": lambda p, c: (_set(p, 5, [0.5 / 3, 0]), c),
    "more than two cells": lambda p, c: (p, np.vstack([c, [[0, 1, 6]]])),
}


@pytest.mark.parametrize("message", FAULTS)
def test_faults_are_named(message):
    with pytest.raises(DataError, match=message):
        check_mesh(_faulty(FAULTS[message]))


def test_orientation_can_be_repaired():
    mesh = _faulty(lambda p, c: (p, c[:, [1, 0, 2]]))
    check_mesh(oriented(mesh))
    quads = generators.quads(2)
    check_mesh(oriented(Mesh(quads.points, quads.cells[:, ::-1], "quad")))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(3), r"expected shape \(16,\), got \(3,\)"),
        (np.r_[np.ones(15), np.inf], "not finite at vertex 15"),
        (np.r_[-1.0, np.ones(15)], "negative at vertex 0"),
        (np.zeros(16), "zero everywhere"),
    ],
)
def test_bad_monitors_are_named(values, message):
    with pytest.raises(DataError, match=message):
        check_monitor(values, generators.structured_square(3))
