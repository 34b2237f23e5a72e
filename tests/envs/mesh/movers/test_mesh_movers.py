"""Movers: the discrete Monge–Ampère equation is solved, and no mover inverts a cell on smooth monitors."""

import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.validity import tangled_cells
from simplatform.envs.mesh.monitors import standard as monitors
from simplatform.envs.mesh.movers.base import frozen_monitor
from simplatform.envs.mesh.movers.laplacian import laplacian
from simplatform.envs.mesh.movers.monge_ampere import MongeAmpere, newton, quasi_newton, relaxation
from simplatform.envs.mesh.movers.spring import spring
from simplatform.errors import DataError


def bump(mesh):
    return 1 + 5 * np.exp(-20 * ((mesh.points - [0.4, 0.6]) ** 2).sum(axis=1))


def density_spread(mesh, displacement):
    """Relative spread of monitor × area over cells: 0 is perfect equidistribution of the initial cells."""
    moved = mesh.moved(mesh.points + displacement)
    ratio = bump(moved)[mesh.cells].mean(axis=1) * moved.volumes / mesh.volumes
    return ratio.std() / ratio.mean()


@pytest.mark.parametrize("method", [newton, quasi_newton, relaxation])
@pytest.mark.parametrize("geometry", ["square", "polygon"])
def test_monge_ampere_equidistributes(method, geometry):
    mesh = generators.generate(geometry, 16)
    moved = method(MongeAmpere(mesh), bump)
    assert moved.converged
    assert moved.residual < 1e-3
    assert len(tangled_cells(mesh.moved(mesh.points + moved.displacement))) == 0
    assert density_spread(mesh, moved.displacement) < 0.25 * density_spread(mesh, np.zeros_like(mesh.points))


def test_newton_and_relaxation_solve_the_same_equation():
    equation = MongeAmpere(generators.square(14))
    a, b = newton(equation, bump, rtol=1e-6), relaxation(equation, bump, rtol=1e-6)
    assert np.abs(a.displacement - b.displacement).max() < 1e-5
    assert a.iterations < b.iterations / 4
    c = quasi_newton(equation, bump, rtol=1e-6)
    assert np.abs(a.displacement - c.displacement).max() < 1e-5
    assert c.iterations < b.iterations / 4


def test_newton_reaches_the_bar_on_the_ring_in_few_iterations():
    moved = newton(MongeAmpere(generators.structured_square(59)), lambda mesh: monitors.ring(mesh.points))
    assert moved.converged
    assert moved.iterations <= 12


def test_a_constant_monitor_moves_nothing():
    mesh = generators.square(10)
    for mover in (lambda m: newton(MongeAmpere(mesh), m), lambda m: laplacian(mesh, m), lambda m: spring(mesh, m)):
        assert np.abs(mover(lambda moved: np.ones(len(mesh.points))).displacement).max() < 1e-9


def test_one_dimensional_equidistribution_is_exact():
    """In 1-D the Laplacian mover's fixed point has m·h constant, m the mean of a cell's end values."""
    mesh = generators.interval(40)
    moved = laplacian(mesh, lambda m: 1 + 3 * m.points[:, 0], iterations=80, rtol=1e-12)
    points = np.sort(mesh.points[:, 0] + moved.displacement[:, 0])
    products = (1 + 3 * (points[1:] + points[:-1]) / 2) * np.diff(points)
    assert np.allclose(products, products.mean(), rtol=1e-6)


@pytest.mark.parametrize("mover", [laplacian, spring])
def test_smoothing_movers_gather_vertices_where_the_monitor_is_high(mover):
    mesh = generators.square(16)
    moved = mover(mesh, frozen_monitor(mesh, bump(mesh)))
    assert len(tangled_cells(mesh.moved(mesh.points + moved.displacement))) == 0
    assert density_spread(mesh, moved.displacement) < 0.75 * density_spread(mesh, np.zeros_like(mesh.points))


@pytest.mark.parametrize("mover", [laplacian, spring])
@pytest.mark.parametrize("mesh", [generators.interval(12), generators.quads(8), generators.cube(4)])
def test_smoothing_movers_take_every_kind_of_cell(mesh, mover):
    def corner(moved):
        return 1 + 3 * np.exp(-8 * (moved.points**2).sum(axis=1))

    moved = mover(mesh, frozen_monitor(mesh, corner(mesh)))
    assert np.abs(moved.displacement).max() > 1e-3
    # The domain stays: whatever slides does so within its side.
    assert np.abs(moved.displacement[np.isin(mesh.points, (0.0, 1.0))]).max() < 1e-12
    if mesh.dim > 1:
        assert np.abs(moved.displacement[mesh.boundary]).max() > 1e-3
    assert len(tangled_cells(mesh.moved(mesh.points + moved.displacement))) == 0
    assert np.linalg.norm(mesh.points + moved.displacement, axis=1).mean() < np.linalg.norm(mesh.points, axis=1).mean()


def test_boundary_vertices_slide_and_stay_on_the_boundary():
    mesh = generators.square(14)
    points = mesh.points + newton(MongeAmpere(mesh), bump).displacement
    on_side = np.isin(mesh.points, (0.0, 1.0))
    assert np.abs(points - mesh.points)[on_side].max() < 1e-12
    assert np.abs(points - mesh.points)[mesh.boundary].max() > 1e-3


def test_monge_ampere_refuses_other_cells():
    with pytest.raises(DataError, match="need triangles"):
        MongeAmpere(generators.quads(3))
