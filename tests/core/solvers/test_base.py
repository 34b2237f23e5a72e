"""What all solvers share: times, counting, rows that blow up alone, rows with times of their own."""

from __future__ import annotations

import pytest
import torch

from simplatform.errors import SolverError
from simplatform.solvers import RK4, AdaptiveTsit5, Euler
from simplatform.solvers.base import CountedField, keep_finite

ONE = torch.ones(1, 1, dtype=torch.float64)


@pytest.mark.parametrize(
    "times", [torch.tensor([0.0]), torch.tensor([0.0, 0.0]), torch.tensor([0.0, 1.0, 0.5]), torch.zeros(2, 2)]
)
def test_times_have_to_be_monotone(times):
    with pytest.raises(SolverError, match="times"):
        RK4().solve(lambda t, x: -x, ONE, times)


def test_states_have_to_be_floating():
    with pytest.raises(SolverError, match=r"floating-point states \(B, ...\), got torch.int64"):
        RK4().solve(lambda t, x: x, torch.ones(2, 1, dtype=torch.int64), torch.tensor([0.0, 1.0]))


@pytest.mark.parametrize(
    ("make", "match"), [(lambda: Euler(0), "substeps"), (lambda: AdaptiveTsit5(rtol=0), "tolerances")]
)
def test_wrong_settings_are_refused(make, match):
    with pytest.raises(SolverError, match=match):
        make()


def test_there_and_back_is_where_it_started():
    times = torch.linspace(0, 1, 21, dtype=torch.float64)
    there = RK4().solve(lambda t, x: torch.sin(x) + t, ONE, times).states[-1]
    back = RK4().solve(lambda t, x: torch.sin(x) + t, there, times.flip(0)).states[-1]
    assert abs(float(back - ONE)) < 1e-7


def test_a_row_that_blows_up_does_not_touch_the_others():
    x0 = torch.tensor([[1.0], [100.0], [2.0]], dtype=torch.float64)
    field = lambda t, x: torch.where(x > 50, x**9, -x)  # noqa: E731
    together = Euler(10).solve(field, x0, torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64))
    assert together.ok.tolist() == [True, False, True]
    assert torch.isfinite(together.states).all()
    for row in (0, 2):
        alone = Euler(10).solve(field, x0[row : row + 1], torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64))
        assert torch.equal(alone.states[:, 0], together.states[:, row])


def test_substeps_are_steps():
    times, fine = torch.tensor([0.0, 1.0], dtype=torch.float64), torch.linspace(0, 1, 6, dtype=torch.float64)
    one, many = (RK4(n).solve(lambda t, x: -x * t, ONE, at) for n, at in ((5, times), (1, fine)))
    assert torch.allclose(one.states[-1], many.states[-1], atol=1e-15)
    assert one.nfe == many.nfe == 20


def test_marching_rows_with_their_own_times():
    ends = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    x0 = torch.ones(2, 1, dtype=torch.float64)
    found = RK4(50).march(lambda t, x: -x, x0, torch.stack([0 * ends, ends]))
    assert torch.allclose(found[-1], torch.exp(-ends), atol=1e-7)


def test_evaluations_are_counted_and_rows_are_kept():
    counted = CountedField(lambda t, x: x)
    counted(0, ONE), counted(0, ONE)
    assert counted.nfe == 2
    new, old = torch.tensor([[1.0], [torch.inf]]), torch.zeros(2, 1)
    kept, ok = keep_finite(new, old, torch.tensor([True, True]))
    assert (kept.tolist(), ok.tolist()) == ([[1.0], [0.0]], [True, False])
    assert keep_finite(torch.ones(2, 1), kept, ok)[0].tolist() == [[1.0], [0.0]]
