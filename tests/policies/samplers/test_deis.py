"""tAB-DEIS: its weights integrate polynomials exactly, and its degree is held to what it can do."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.samplers.mixture import PATH, error
from simplatform.errors import SolverError
from simplatform.policies.samplers import grid
from simplatform.policies.samplers.deis import DEIS, weights


def rho(t):
    return PATH.sigma(t) / PATH.alpha(t)


@pytest.mark.parametrize("nodes", [[0.5], [0.5, 0.6], [0.5, 0.6, 0.75], [0.5, 0.6, 0.75, 0.9]])
def test_weights_integrate_every_polynomial_of_their_degree(nodes):
    """Σ_j w_j p(node_j) = ∫ ρ' p, here by a fine midpoint rule in ρ."""
    s, t = nodes[0], 0.42
    found = weights(PATH, nodes, s, t)
    edges = np.linspace(s, t, 4001)
    steps, middles = np.diff([rho(x) for x in edges]), 0.5 * (edges[1:] + edges[:-1])
    for degree in range(len(nodes)):
        exact = float(steps @ middles**degree)
        assert sum(w * x**degree for w, x in zip(found, nodes, strict=True)) == pytest.approx(exact, rel=1e-5)


def test_without_memory_it_is_ddim():
    (only,) = weights(PATH, [0.5], 0.5, 0.4)
    assert only == pytest.approx(rho(0.4) - rho(0.5), rel=1e-12)


def test_a_higher_degree_is_nearer_to_the_truth():
    times = grid(PATH, 20, DEIS.spacing)
    errors = [error(DEIS(degree), times) for degree in range(4)]
    assert errors == sorted(errors, reverse=True)
    assert errors[3] < 0.1 * errors[0]


@pytest.mark.parametrize("degree", [-1, 4])
def test_other_degrees_are_refused(degree):
    with pytest.raises(SolverError, match=f"from 0 to 3, got {degree}"):
        DEIS(degree)
