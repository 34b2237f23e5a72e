"""The check of linear solvers refuses what does not solve, and what writes into its arguments."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.linalg import spsolve

from simplatform.errors import ContractError
from simplatform.testing import check_linear_solver, check_registered


def test_a_factorisation_passes_and_so_does_what_is_registered():
    check_linear_solver(lambda matrix, load, points: spsolve(matrix, load))
    assert "to 1e-8" in next(iter(check_registered("dcdm")))


def spoiled(matrix, load, points):
    found = spsolve(matrix, load)
    load *= 0
    return found


@pytest.mark.parametrize(
    ("solver", "words"),
    [
        (lambda matrix, load, points: load / 4, "left a residual"),
        (lambda matrix, load, points: np.full(len(load), np.nan), "left a residual of nan"),
        (lambda matrix, load, points: points, "returned"),
        (spoiled, "changed its right-hand side"),
    ],
)
def test_faults_are_named(solver, words):
    with pytest.raises(ContractError, match=words):
        check_linear_solver(solver)
