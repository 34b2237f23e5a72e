"""Checks of ODE solvers."""

from __future__ import annotations

import pytest

from simplatform.errors import ContractError
from simplatform.solvers import DOP853, AdaptiveTsit5, Dopri5, Euler
from simplatform.testing import check_solver
from simplatform.testing.solvers import measured_order
from tests.core.solvers.solvers_cases import FIXED


@pytest.mark.parametrize("method", FIXED)
def test_order_of_convergence(method):
    within = 0.3 if method.order >= 5 else 0.1  # round-off forbids the fine steps on which their slopes settle
    assert measured_order(method(), *((8, 16) if method is DOP853 else (80, 160))) == pytest.approx(
        method.order, abs=within
    )


@pytest.mark.parametrize("method", [*FIXED, Dopri5, AdaptiveTsit5])
def test_contract(method):
    check_solver(method())


def test_check_solver_finds_a_wrong_order_and_a_wrong_count():
    class Lying(Euler):
        order = 2

    with pytest.raises(ContractError, match=r"says order 2, but converges with order 1.0"):
        check_solver(Lying())

    class Silent(Euler):
        def solve(self, field, x0, times):
            from dataclasses import replace

            return replace(super().solve(field, x0, times), nfe=1)

    with pytest.raises(ContractError, match="reports 1 evaluations, but made 3"):
        check_solver(Silent())
