"""How environments are first told apart, before any network is trained."""

from __future__ import annotations

import numpy as np

from simplatform.policies.dynamics.reconstruction.data import environments_of
from simplatform.policies.dynamics.reconstruction.gate import purity
from simplatform.policies.dynamics.reconstruction.routing import polynomials, regression_clusters
from tests.policies.dynamics.reconstruction.systems import families


def test_regressions_tell_families_apart():
    systems = environments_of(families())
    labels = regression_clusters(systems, 2, np.random.default_rng(0))
    assert purity(labels, systems.family.numpy()) == 1
    many = regression_clusters(systems, 10, np.random.default_rng(0))
    assert set(many.tolist()) == set(range(6))


def test_polynomials_stay_few():
    assert polynomials(np.ones((4, 2))).shape == (4, 21)
    assert polynomials(np.ones((4, 10))).shape == (4, 11)
