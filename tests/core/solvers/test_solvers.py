"""ODE solvers: measured orders, honest counts, both directions of time, and fields that blow up."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.errors import ConfigError, ContractError, SolverError, UnknownName
from simplatform.solvers import DOP853, RK4, RKC, AdaptiveTsit5, Dopri5, Euler, Heun, Midpoint, Tsit5, get_solver
from simplatform.testing import check_solver
from simplatform.testing.solvers import measured_order

FIXED = [Euler, Midpoint, Heun, RK4, RKC, Tsit5, DOP853]
STAGES = {Euler: 1, Midpoint: 2, Heun: 2, RK4: 4, RKC: 4, Tsit5: 6, DOP853: 12}


@pytest.mark.parametrize("method", FIXED)
def test_order_of_convergence(method):
    within = 0.3 if method.order >= 5 else 0.1  # round-off forbids the fine steps on which their slopes settle
    assert measured_order(method(), *((8, 16) if method is DOP853 else (80, 160))) == pytest.approx(
        method.order, abs=within
    )


@pytest.mark.parametrize("method", [*FIXED, Dopri5, AdaptiveTsit5])
def test_contract(method):
    check_solver(method())


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


@pytest.mark.parametrize(
    ("method", "degree"), [(Euler, 1), (Midpoint, 2), (Heun, 2), (RK4, 4), (Tsit5, 5), (DOP853, 8)]
)
def test_polynomials_in_time_are_exact_up_to_the_order(method, degree):
    times = torch.tensor([0.0, 0.7, 1.1], dtype=torch.float64)
    x0 = torch.zeros(1, 1, dtype=torch.float64)
    found = method().solve(lambda t, x: degree * t ** (degree - 1) * torch.ones_like(x), x0, times).states[:, 0, 0]
    torch.testing.assert_close(found, times**degree, rtol=0, atol=1e-14)


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


@pytest.mark.parametrize("method", [RK4(50), Dopri5(rtol=1e-9, atol=1e-11), AdaptiveTsit5(rtol=1e-9, atol=1e-11)])
def test_backward_time_undoes_forward_time(method):
    def field(t, x):
        return torch.stack([x[:, 1], -torch.sin(x[:, 0])], 1)

    x0 = torch.tensor([[1.0, 0.2], [-0.4, 0.9]], dtype=torch.float64)
    times = torch.tensor([0.0, 3.0], dtype=torch.float64)
    there = method.solve(field, x0, times).states[-1]
    back = method.solve(field, there, times.flip(0)).states[-1]
    torch.testing.assert_close(back, x0, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", [RK4(4), Dopri5(), AdaptiveTsit5()])
def test_gradients_go_through_the_steps(method):
    rate = torch.tensor(-0.7, dtype=torch.float64, requires_grad=True)
    times = torch.tensor([0.0, 1.0], dtype=torch.float64)
    method.solve(lambda t, x: rate * x, torch.ones(1, 1, dtype=torch.float64), times).states[-1].sum().backward()
    assert float(rate.grad) == pytest.approx(math.exp(-0.7), rel=1e-3)


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


def test_bad_requests_are_named():
    x0 = torch.ones(1, 1)
    with pytest.raises(SolverError, match="strictly increasing"):
        Euler().solve(lambda t, x: x, x0, torch.tensor([0.0, 1.0, 0.5]))
    with pytest.raises(SolverError, match="at least two times"):
        Euler().solve(lambda t, x: x, x0, torch.tensor([0.0]))
    with pytest.raises(SolverError, match="floating-point"):
        Euler().solve(lambda t, x: x, torch.ones(1, 1, dtype=torch.int64), torch.tensor([0.0, 1.0]))
    with pytest.raises(SolverError, match="substeps"):
        Euler(substeps=0)
    with pytest.raises(SolverError, match="tolerances"):
        Dopri5(rtol=0)


def test_lookup_by_name():
    assert isinstance(get_solver("rk4", substeps=2), RK4)
    with pytest.raises(UnknownName, match="Did you mean euler"):
        get_solver("eulr")
    with pytest.raises(ConfigError, match="does not take"):
        get_solver("rk4", rtol=1)


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
