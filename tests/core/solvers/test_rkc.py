"""Runge–Kutta–Chebyshev: a second-order explicit method whose stability grows with the square of its stages."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.solvers import DOP853, RK4, RKC, Euler, Heun, Midpoint, Tsit5
from simplatform.testing.solvers import measured_order
from tests.core.solvers.solvers_cases import FIXED

STAGES = {Euler: 1, Midpoint: 2, Heun: 2, RK4: 4, RKC: 4, Tsit5: 6, DOP853: 12}


@pytest.mark.parametrize("method", FIXED)
def test_evaluations_are_stages_times_steps(method):
    solution = method(substeps=3).solve(lambda t, x: -x, torch.ones(1, 1), torch.linspace(0, 1, 5))
    assert solution.nfe == STAGES[method] * 3 * 4


@pytest.mark.parametrize("method", FIXED)
def test_substeps_are_steps(method):
    x0, field = torch.ones(2, 1, dtype=torch.float64), lambda t, x: torch.cos(t) * x
    coarse = method(substeps=10).solve(field, x0, torch.linspace(0, 1, 2, dtype=torch.float64)).states[-1]
    fine = method().solve(field, x0, torch.linspace(0, 1, 11, dtype=torch.float64)).states[-1]
    torch.testing.assert_close(coarse, fine, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("stages", [2, 3, 5, 10])
def test_rkc_is_stable_as_far_as_it_says_which_grows_with_the_square_of_its_stages(stages):
    def growth(z):
        solver = RKC(substeps=1, stages=stages)
        return float(solver.solve(lambda t, x: -z * x, torch.ones(1, 1).double(), torch.tensor([0.0, 1.0])).states[-1])

    reach = RKC(stages=stages).reach
    assert reach == pytest.approx(0.65 * (stages**2 - 1), rel=0.02)
    assert max(abs(growth(share * reach)) for share in (0.2, 0.5, 0.8, 0.9, 0.99)) < 1
    assert abs(growth(1.1 * reach)) > 1 or stages == 3  # of odd degree it leaves the range through the negative side
    assert measured_order(RKC(stages=stages), 80, 160) == pytest.approx(2, abs=0.1)


def test_rkc_diffuses_with_a_third_of_the_evaluations_of_rk4():
    k = 2 * torch.pi * torch.fft.fftfreq(32, dtype=torch.float64)
    start = torch.zeros(1, 32, dtype=torch.float64)
    start[0, 8:16] = 1
    heat = lambda t, x: x.roll(1, 1) + x.roll(-1, 1) - 2 * x  # noqa: E731
    exact = torch.fft.ifft(torch.fft.fft(start) * torch.exp(40 * (2 * torch.cos(k) - 2))).real
    times = torch.tensor([0.0, 40.0], dtype=torch.float64)
    found = RKC(substeps=16, stages=5).solve(heat, start, times)
    assert found.nfe == 80
    assert float((found.states[-1] - exact).abs().max()) < 0.03
    assert float(RK4(substeps=56).solve(heat, start, times).states[-1].abs().max()) > 2  # 224 evaluations


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.sampled_from(FIXED))
def test_rows_do_not_see_each_other(shape, method):
    x0 = torch.rand(3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    times = torch.linspace(0, 1, 4, dtype=torch.float64)
    together = method().solve(lambda t, x: -x * x, x0, times).states
    alone = torch.cat([method().solve(lambda t, x: -x * x, x0[i : i + 1], times).states for i in range(3)], 1)
    assert torch.equal(together, alone)


@pytest.mark.parametrize("method", FIXED)
def test_a_row_that_blows_up_is_reported_and_the_others_go_on(method):
    x0 = torch.tensor([[3.0], [0.1]], dtype=torch.float64)
    times = torch.linspace(0, 2, 21, dtype=torch.float64)
    solution = method().solve(lambda t, x: x.abs() ** 30, x0, times)
    assert solution.ok.tolist() == [False, True]
    assert bool(torch.isfinite(solution.states).all())
    alone = method().solve(lambda t, x: x.abs() ** 30, x0[1:], times)
    assert torch.equal(solution.states[:, 1:], alone.states)
