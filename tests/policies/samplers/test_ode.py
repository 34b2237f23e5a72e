"""Any ODE solver as a sampler: forwards, backwards, fixed and adaptive, and honest about what blows up."""

from __future__ import annotations

import pytest
import torch

from benchmarks.samplers.mixture import PATH, denoiser, error, noise
from simplatform.errors import SolverError
from simplatform.policies.samplers import Denoiser, grid
from simplatform.policies.samplers.ode import ODESampler, rf_solver
from simplatform.solvers import RK4, AdaptiveTsit5, Dopri5, Euler, Heun


@pytest.mark.parametrize(("solver", "cost"), [(Euler(), 1), (Heun(), 2), (RK4(), 4), (RK4(substeps=3), 12)])
def test_evaluations_a_step_are_counted(solver, cost):
    model, sampler = denoiser(PATH), ODESampler(solver)
    assert sampler.evaluations == cost
    sampler.sample(model, noise(2), grid(PATH, 5, "time"))
    assert model.nfe == 5 * cost
    assert sampler.steps(5 * cost) == 5


@pytest.mark.parametrize("solver", [Euler(), Heun(), RK4()])
def test_it_converges_with_the_order_of_its_solver(solver):
    coarse, fine = (error(ODESampler(solver), grid(PATH, n, "time")) for n in (256, 512))
    assert coarse / fine > 2 ** (solver.order - 0.5)


@pytest.mark.parametrize("solver", [AdaptiveTsit5(rtol=1e-8, atol=1e-10), Dopri5(rtol=1e-8, atol=1e-10)])
def test_an_adaptive_solver_reaches_the_truth_in_one_interval(solver):
    sampler = ODESampler(solver)
    assert sampler.steps(7) == 1
    assert error(sampler, grid(PATH, 1, "time")) < 1e-5


def test_noise_is_found_again_from_data():
    sampler, times = ODESampler(RK4(substeps=4)), grid(PATH, 40, "log_snr")
    data = sampler.sample(denoiser(PATH), noise(20), times)
    assert (sampler.invert(denoiser(PATH), data, times) - noise(20)).abs().max() < 1e-3


def test_what_blows_up_is_an_error():
    wild = Denoiser(lambda x, t: torch.full_like(x, torch.nan), PATH, "noise")
    for sampler in (rf_solver(), ODESampler(AdaptiveTsit5())):
        with pytest.raises(SolverError):
            sampler.sample(wild, noise(2), grid(PATH, 2, "time"))
