"""Flow past a cylinder in a channel: the benchmark of Schäfer and Turek (1996), drag and lift."""

import numpy as np
import pytest

from simplatform.envs.mesh.finite_elements.navier_stokes import TaylorHood
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.problems.cylinder import DIAMETER, PUBLISHED, Cylinder, inflow, strouhal, vortex_street
from simplatform.errors import MissingDependency


@pytest.fixture(scope="module")
def channel():
    try:
        return generators.generate("cylinder", 6)
    except MissingDependency as error:
        pytest.skip(str(error))


def test_poiseuille_flow_is_exact():
    """P2 holds a parabola, so that any mesh gives it to rounding."""
    mesh = generators.square(6)
    flow = TaylorHood(Mesh(mesh.points * 0.41, mesh.cells), 1e-3, inflow(0.3))
    state = flow.steady()
    assert np.allclose(flow.speed(state), inflow(0.3)(flow.mesh.points)[:, 0], atol=1e-9)
    assert np.allclose(flow.step(state, None, 0.1), state, atol=1e-8)
    assert np.allclose(flow.step(state, state, 0.1), state, atol=1e-8)


def test_drag_and_lift_near_the_published_values(channel):
    drag, lift = Cylinder().coefficients(channel)
    assert Cylinder().reynolds == pytest.approx(20)
    assert drag == pytest.approx(PUBLISHED["drag"], rel=0.02)
    assert lift == pytest.approx(PUBLISHED["lift"], abs=0.02)


@pytest.mark.slow
def test_drag_converges_to_the_published_value():
    errors = [abs(Cylinder().coefficients(generators.generate("cylinder", n))[0] - PUBLISHED["drag"]) for n in (6, 11)]
    assert errors[1] < 0.5 * errors[0]
    assert errors[1] < 0.01 * PUBLISHED["drag"]


def test_a_vortex_street_starts(channel):
    rows = vortex_street(channel, end=0.02, dt=0.01)
    assert rows.shape == (2, 3)
    assert np.isfinite(rows).all()
    assert (rows[:, 1] > 0).all()


def test_strouhal_number_of_a_sine():
    times = np.linspace(0, 4, 801)
    rows = np.stack([times, np.ones_like(times), np.sin(2 * np.pi * 3 * times)], axis=1)
    assert strouhal(rows) == pytest.approx(3 * DIAMETER / 1.0, rel=1e-3)
    assert np.isnan(strouhal(rows[:20]))
