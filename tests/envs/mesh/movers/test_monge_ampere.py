"""Monge–Ampère movers: x = ξ + ∇φ with m(x) det(I + H(φ)) = θ (specs: UM2N section 4; McRae et al., 2018)."""

import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.validity import tangled_cells
from simplatform.envs.mesh.monitors import standard as monitors
from simplatform.envs.mesh.movers.laplacian import laplacian
from simplatform.envs.mesh.movers.monge_ampere import MongeAmpere, accelerated, newton, quasi_newton, relaxation
from simplatform.envs.mesh.movers.spring import spring
from simplatform.errors import DataError
from tests.envs.mesh.movers.mesh_movers_cases import bump, density_spread


@pytest.mark.parametrize("method", [newton, quasi_newton, relaxation, accelerated])
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


def test_momentum_halves_the_relaxation_and_finds_the_same_mesh():
    equation = MongeAmpere(generators.square(12))
    plain = relaxation(equation, bump, rtol=1e-4)
    for method in ("nesterov", "triple-momentum", "heavy-ball"):
        found = accelerated(equation, bump, method=method, rtol=1e-4)
        assert found.converged
        assert found.iterations < 0.6 * plain.iterations
        assert np.abs(found.displacement - plain.displacement).max() < 1e-4


def test_newton_reaches_the_bar_on_the_ring_in_few_iterations():
    moved = newton(MongeAmpere(generators.structured_square(59)), lambda mesh: monitors.ring(mesh.points))
    assert moved.converged
    assert moved.iterations <= 12


def test_a_constant_monitor_moves_nothing():
    mesh = generators.square(10)
    for mover in (lambda m: newton(MongeAmpere(mesh), m), lambda m: laplacian(mesh, m), lambda m: spring(mesh, m)):
        assert np.abs(mover(lambda moved: np.ones(len(mesh.points))).displacement).max() < 1e-9


def test_boundary_vertices_slide_and_stay_on_the_boundary():
    mesh = generators.square(14)
    points = mesh.points + newton(MongeAmpere(mesh), bump).displacement
    on_side = np.isin(mesh.points, (0.0, 1.0))
    assert np.abs(points - mesh.points)[on_side].max() < 1e-12
    assert np.abs(points - mesh.points)[mesh.boundary].max() > 1e-3


def test_monge_ampere_refuses_other_cells():
    with pytest.raises(DataError, match="need triangles"):
        MongeAmpere(generators.quads(3))
