"""Monitors on arrays: several fields in a stated order, indicators, measures."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.arrays import monitors
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.monitors import standard
from simplatform.errors import ConfigError, DataError, UnknownName

MESH = generate("square", 12, 0)
X, Y = MESH.points.T
FIELDS = np.stack([np.tanh(10 * (X - 0.5)), np.tanh(10 * (Y - 0.5))], axis=1)


def test_the_metric_of_two_fields_asks_for_both_and_their_units_do_not_count():
    both = monitors.hessian_metric(MESH.points, MESH.cells, FIELDS)
    one, other = (monitors.hessian_metric(MESH.points, MESH.cells, part) for part in FIELDS.T)
    for metric in (one, other):
        assert (np.linalg.eigvalsh(both - metric).min(1) > -1e-8 * np.abs(both).max((1, 2))).all()
    np.testing.assert_allclose(monitors.hessian_metric(MESH.points, MESH.cells, FIELDS * [1e6, 1e-6]), both, 1e-6, 1e-9)


def test_densities_are_joined_in_the_named_way():
    own = [standard.hessian(MESH, part) for part in FIELDS.T.copy()]
    for how, expected in (("max", np.maximum(*own)), ("mean", (own[0] + own[1]) / 2), ("product", own[0] * own[1])):
        np.testing.assert_allclose(monitors.scalar(MESH.points, MESH.cells, FIELDS, how=how), expected)
    with pytest.raises(ConfigError, match="max, mean, product"):
        monitors.joined(own, "sum")
    with pytest.raises(UnknownName, match="unknown monitor"):
        monitors.scalar(MESH.points, MESH.cells, FIELDS, "hesian")


def test_indicators_of_equal_density_give_an_even_monitor():
    points, cells = np.vstack([[[5.0, 5.0]], MESH.points]), MESH.cells + 1
    even = monitors.indicated(points, cells, 3 * np.sqrt(MESH.volumes))
    np.testing.assert_allclose(even[1:], 6.0)
    assert even[0] == 1.0
    peak = monitors.indicated(points, cells, (np.arange(len(cells)) == 7).astype(float))
    assert set(np.flatnonzero(peak > 1)) == set(cells[7])
    with pytest.raises(DataError, match="number ≥ 0 per cell"):
        monitors.indicated(points, cells, -np.ones(len(cells)))


def test_measures_of_cells():
    identity = np.tile(np.eye(2), (len(MESH.points), 1, 1))
    assert monitors.fitted(MESH.points, MESH.cells, identity).worst >= 1
    assert 0 < monitors.qualities(MESH.points, MESH.cells).min() <= 1
