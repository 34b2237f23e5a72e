"""Transfer: the integral to rounding, bounds, second order, in one to three dimensions."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.finite_elements.transfer import bounded, conservative, lumped
from simplatform.envs.mesh.geometry.boundary import classify, constrain
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.movers.limiter import limit
from simplatform.errors import DataError


def shaken(geometry, n):
    """Return a mesh and one whose vertices have moved by up to half an edge, the boundary as it was."""
    mesh = generate(geometry, n, 0)
    wish = np.random.default_rng(1).normal(0, 0.25 / n, mesh.points.shape)
    return mesh, mesh.moved(mesh.points + limit(mesh, constrain(wish, *classify(mesh))).displacement)


def smooth(points):
    return np.exp(-4 * ((points - 0.4) ** 2).sum(1))


def step(points):
    return np.where(points[:, 0] < 0.5, 1.0, 0.0)


@pytest.mark.parametrize("function", [smooth, step])
@pytest.mark.parametrize("transfer", [conservative, bounded])
@pytest.mark.parametrize(("geometry", "n"), [("interval", 20), ("square", 12), ("cube", 5)])
def test_the_integral_is_kept_to_rounding(geometry, n, transfer, function):
    old, new = shaken(geometry, n)
    values = np.stack([function(old.points), 1e6 * function(old.points) - 3], axis=1)
    found = transfer(old, values, new)
    before, after = lumped(old) @ values, lumped(new) @ found
    np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-12 * np.abs(values).max())


@pytest.mark.parametrize(("geometry", "n"), [("interval", 20), ("square", 12), ("cube", 5)])
def test_a_step_keeps_its_bounds_only_where_that_was_asked_for(geometry, n):
    old, new = shaken(geometry, n)
    values = step(old.points)
    free, kept = conservative(old, values, new), bounded(old, values, new)
    assert free.min() < -1e-3 or free.max() > 1 + 1e-3
    assert kept.min() >= -1e-13
    assert kept.max() <= 1 + 1e-13


def test_bounds_are_those_near_and_not_those_of_the_whole():
    old, new = shaken("square", 16)
    values = step(old.points) + 10 * (old.points[:, 1] > 0.8)
    found = bounded(old, values, new)
    assert found[new.points[:, 1] < 0.6].max() <= 1 + 1e-12


@pytest.mark.parametrize("transfer", [conservative, bounded])
def test_the_error_is_of_second_order(transfer):
    errors = []
    for n in (10, 20):
        old, new = shaken("square", n)
        errors.append(np.sqrt(lumped(new) @ (transfer(old, smooth(old.points), new) - smooth(new.points)) ** 2))
    assert np.log2(errors[0] / errors[1]) > 1.7


def test_a_linear_function_is_carried_exactly():
    old, new = shaken("cube", 4)
    np.testing.assert_allclose(conservative(old, old.points @ [1.0, -2, 3], new), new.points @ [1.0, -2, 3], atol=1e-12)


def test_other_cells_are_refused():
    quad = Mesh(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), np.array([[0, 1, 2, 3]]), "quad")
    with pytest.raises(DataError, match="quad"):
        conservative(quad, np.ones(4), quad)
    old, new = shaken("square", 5)
    with pytest.raises(DataError, match="rows"):
        bounded(old, np.ones(3), new)
