"""Clusters without empty ones, optimal matching, hysteresis, and families told apart by regressions."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.policies.dynamics.reconstruction.gate import hysteresis, kmeans, linear_gate, match, purity


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 6), st.integers(0, 5))
def test_no_cluster_is_ever_empty(points, clusters, seed):
    random = np.random.default_rng(seed)
    where = random.integers(0, 3, (points, 2)).astype(float)  # many ties on purpose
    labels = kmeans(where, clusters, random)
    assert set(labels.tolist()) == set(range(min(clusters, points)))


def test_well_separated_clusters_are_found():
    random = np.random.default_rng(0)
    where = np.repeat(np.array([[0.0, 0], [10, 0], [0, 10]]), 5, axis=0) + 0.1 * random.normal(size=(15, 2))
    labels = kmeans(where, 3, random).reshape(3, 5)
    assert all(len(set(row)) == 1 for row in labels.tolist())
    assert len(set(labels[:, 0].tolist())) == 3


def test_matching_is_optimal_where_greedy_is_not():
    labels = np.array([0, 1])
    losses = np.array([[1.0, 2.0], [1.0, 100.0]])  # greedy gives cluster 0 expert 0, and cluster 1 the worst
    assert match(labels, losses).tolist() == [1, 0]


def test_linear_gate_separates_what_is_linearly_separable():
    contexts = np.array([[0.0, 0], [0, 1], [5, 0], [5, 1]])
    experts = np.array([0, 0, 1, 1])
    weights = linear_gate(contexts, experts, 2)
    assert (np.c_[contexts, np.ones(4)] @ weights).argmax(1).tolist() == experts.tolist()


def test_hysteresis_lets_only_moves_through_that_pay():
    losses = np.array([[1.0, 0.9], [1.0, 0.7], [0.0, 0.0]])
    assert hysteresis(np.array([0, 0, 0]), np.array([1, 1, 1]), losses, margin=0.2).tolist() == [0, 1, 0]


def test_purity():
    assert purity(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2])) == 0.75
