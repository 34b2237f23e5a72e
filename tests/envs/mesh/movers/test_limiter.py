"""The step limiter: makes an inverted cell impossible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.boundary import classify, constrain
from simplatform.envs.mesh.geometry.validity import tangled_cells
from simplatform.envs.mesh.movers.limiter import limit


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.001, 5.0), st.sampled_from(["square", "l-shape", "polygon", "hole"]))
def test_limited_steps_never_invert_a_cell(seed, size, geometry):
    mesh = generators.generate(geometry, 8)
    flags, directions = classify(mesh)
    wild = constrain(size * np.random.default_rng(seed).normal(size=mesh.points.shape), flags, directions)
    done = limit(mesh, wild)
    moved = mesh.moved(mesh.points + done.displacement)
    assert len(tangled_cells(moved, mesh)) == 0
    assert (moved.volumes >= 0.05 * mesh.volumes * (1 - 1e-12)).all()
    assert done.active == (not np.array_equal(done.displacement, wild))


@pytest.mark.parametrize("mesh", [generators.quads(4), generators.interval(6), generators.cube(3)])
def test_limiter_holds_for_every_kind_of_cell(mesh):
    wild = np.random.default_rng(0).normal(size=mesh.points.shape)
    assert len(tangled_cells(mesh.moved(mesh.points + limit(mesh, wild).displacement), mesh)) == 0


def test_limiter_leaves_small_steps_alone_and_ignores_nan():
    mesh = generators.square(8)
    step = np.full_like(mesh.points, 1e-4)
    assert not limit(mesh, step).active
    step[5] = np.nan
    done = limit(mesh, step)
    assert done.active
    assert np.array_equal(done.displacement[5], [0, 0])
