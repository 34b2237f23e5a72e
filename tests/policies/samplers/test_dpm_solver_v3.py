"""DPM-Solver-v3: the parameterisation that a model's own statistics make best (Zheng et al., 2023, arXiv."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.samplers.mixture import PATH, denoiser, error, noise
from simplatform.errors import ConfigError, DataError, SolverError
from simplatform.policies.samplers import (
    DDIM,
    DPMSolverV3,
    LinearVP,
    Statistics,
    get_sampler,
    grid,
)
from simplatform.policies.samplers.dpm_solver_pp import DPMSolverPP2M
from simplatform.policies.samplers.exponential import uniform
from tests.policies.samplers.searched_cases import far


def test_schedules_and_statistics_come_back_from_files(tmp_path):
    schedule, path = uniform(5), tmp_path / "usf.json"
    schedule.write(path)
    sampler = get_sampler(f"usf:{path}")
    assert sampler.schedule == schedule
    with pytest.raises(SolverError, match="has 5 steps"):
        sampler.steps(4)
    Statistics.constant(-3.0, 3.0, (1.0, 0.0, 0.0), (2,)).write(path)
    assert isinstance(get_sampler(f"dpm-v3:{path}"), DPMSolverV3)
    with pytest.raises(DataError, match="not a sampling schedule"):
        get_sampler(f"usf:{path}")
    for wrong in ("usf", f"ddim:{path}"):
        with pytest.raises(ConfigError, match="file"):
            get_sampler(wrong)
    for logs in ([1.0, 0.0], [0.0, np.nan], [0.0, np.inf]):
        with pytest.raises(DataError, match="rising"):
            Statistics(np.array(logs), *(np.zeros((2, 2)) for _ in range(3)))


@pytest.fixture(scope="module")
def measured():
    return Statistics.measure(denoiser(PATH), noise(3000)[1000:], nodes=150)


ENDS = PATH.log_snr(PATH.first), PATH.log_snr(PATH.last)


@pytest.mark.parametrize(("values", "peer"), [((0.0, -1.0, 0.0), DDIM()), ((1.0, 0.0, 0.0), DDIM())])
def test_constant_statistics_of_first_order_are_ddim(values, peer):
    """(0, −1, 0) is DPM-Solver and (1, 0, 0) DPM-Solver++: of first order, both are DDIM."""
    sampler, times = DPMSolverV3(Statistics.constant(*ENDS, values, (2,)), highest=1), grid(PATH, 12)
    found = sampler.sample(denoiser(PATH), noise(), times)
    wanted = peer.sample(denoiser(PATH), noise(), times)
    assert float((found - wanted).norm() / wanted.norm()) < 2e-3  # the integrals are a table


def test_constant_statistics_of_second_order_are_near_2m():
    sampler, times = DPMSolverV3(Statistics.constant(*ENDS, (1.0, 0.0, 0.0), (2,))), grid(PATH, 80)
    assert error(sampler, times) < 1.5 * error(DPMSolverPP2M(), times)


def test_v3_is_of_second_order(measured):
    sampler = DPMSolverV3(measured)
    errors = [error(sampler, grid(PATH, steps)) for steps in (20, 40, 80)]
    assert math.log2(errors[0] / errors[2]) / 2 > 1.6


def test_statistics_of_the_model_help_a_first_order_step(measured):
    """seeds_measured: at most 0.8 of DPM-1's error at ten evaluations; no claim against 2M."""
    found, plain = (far(s.generate(denoiser(PATH), noise(1000), 10)) for s in (DPMSolverV3(measured, 1), DDIM()))
    assert found <= 0.8 * plain


def test_statistics_of_one_gaussian_are_exact():
    """x0 ~ N(0, d²): e = σ x / (α² d² + σ²), so that σ ∂e/∂x is known, and f vanishes with it."""
    path, deviation = LinearVP(last=0.02), 0.5

    def network(x, t):
        return path.sigma(t) * x / (path.alpha(t) ** 2 * deviation**2 + path.sigma(t) ** 2)

    from simplatform.policies.samplers import Denoiser

    found = Statistics.measure(Denoiser(network, path, "noise"), noise(64), nodes=30)
    alpha, sigma = (np.array([getattr(path, part)(path.time(v)) for v in found.log_snr]) for part in ("alpha", "sigma"))
    exact = sigma**2 / (alpha**2 * deviation**2 + sigma**2)
    np.testing.assert_allclose(found.linear, np.stack([exact, exact], 1), rtol=1e-6)
