"""Metric tensors: parts and back, the L2-optimal metric and back, intersection, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.monitors import tensors
from simplatform.errors import DataError

MESH = generate("square", 6, 0)


def random_metrics(seed, size=20, dim=2):
    factors = np.random.default_rng(seed).normal(size=(size, dim, dim))
    return factors @ factors.transpose(0, 2, 1) + 0.1 * np.eye(dim)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_parts_and_metric_and_curvature_come_back(dim):
    metric = random_metrics(0, dim=dim)
    np.testing.assert_array_equal(tensors.full(tensors.parts(metric), dim), metric)
    np.testing.assert_allclose(tensors.curvature_of(tensors.metric_of(metric)), metric, rtol=1e-10)
    np.testing.assert_allclose(tensors.density_of(tensors.isotropic(np.arange(1.0, 9), dim)), np.arange(1.0, 9))


def test_curvature_by_magnitude_has_a_floor():
    found = tensors.positive(np.array([[[4.0, 0], [0, -1]], [[0, 0], [0, 0]]]))
    np.testing.assert_allclose(found[0], np.diag([4.0, 1.0]))
    assert np.linalg.eigvalsh(found[1]).min() == pytest.approx(0.04, rel=0.03)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), dim=st.integers(2, 3))
def test_an_intersection_asks_for_all_that_each_asks(seed, dim):
    one, other = random_metrics(seed, dim=dim), random_metrics(seed + 1, dim=dim)
    both = tensors.intersected([one, other])
    for metric in (one, other):
        assert (np.linalg.eigvalsh(both - metric)[:, 0] > -1e-9 * np.abs(both).max((1, 2))).all()
    np.testing.assert_allclose(tensors.intersected([one, one]), one, rtol=1e-9)
    np.testing.assert_allclose(both, tensors.intersected([other, one]), rtol=1e-6)


def test_a_normalised_metric_has_density_one_over_the_domain():
    metric = tensors.normalised(random_metrics(3, len(MESH.points)), MESH)
    total = tensors.density_of(metric)[MESH.cells].mean(1) @ MESH.volumes
    assert total == pytest.approx(1)


def test_what_is_no_metric_is_refused_by_the_vertex():
    size = len(MESH.points)
    good = np.tile(np.eye(2), (size, 1, 1))
    for change, says in ((np.nan, "not finite at vertex 3"), (-1.0, "positive definite at every vertex, not so at 3")):
        bad = good.copy()
        bad[3, 0, 0] = change
        with pytest.raises(DataError, match=says):
            tensors.check_metric(bad, MESH)
    skew = good.copy()
    skew[5, 0, 1] = 0.5
    with pytest.raises(DataError, match="symmetric at vertex 5"):
        tensors.check_metric(skew, MESH)
    with pytest.raises(DataError, match="upper triangles"):
        tensors.check_metric(np.ones((size, 4)), MESH)
    np.testing.assert_array_equal(tensors.check_metric(np.tile([1.0, 0, 1], (size, 1)), MESH), good)
