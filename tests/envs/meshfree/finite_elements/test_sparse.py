"""Sparse systems: the same rows, the given rows, direct and by multigrid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix, diags, eye, kron

from simplatform.envs.meshfree.finite_elements import sparse
from simplatform.errors import SolverError


def laplacian(n):
    line = diags([-1.0, 2.0, -1.0], [-1, 0, 1], (n, n))
    return csr_matrix(kron(line, eye(n)) + kron(eye(n), line))


def test_multigrid_gives_what_the_direct_solver_gives(monkeypatch):
    matrix, right = -laplacian(30), np.random.default_rng(0).normal(size=900)
    direct = sparse.factorised(matrix)(right)
    monkeypatch.setattr(sparse, "DIRECT", 100)
    np.testing.assert_allclose(sparse.factorised(matrix)(right), direct, rtol=1e-6, atol=1e-8)


def test_given_rows_do_not_change_and_same_rows_change_alike():
    linear = sparse.Linear(4, np.array([0, 1, 2, 0]), np.array([1]))
    change = linear.solve(csr_matrix(np.diag([1.0, 2.0, 4.0, 1.0])), np.ones(4))
    np.testing.assert_allclose(change, [1.0, 0.0, 0.25, 1.0])
    np.testing.assert_allclose(linear.together(np.arange(4.0)), [0, 1, 2, 0])


def test_an_unknown_in_no_equation_is_singular():
    with pytest.raises(SolverError, match="singular"):
        sparse.factorised(csr_matrix(np.diag([1.0, 0.0])))
