"""Measured orders of convergence on a mixture of Gaussians, and errors at a small budget."""

from __future__ import annotations

import pytest

from benchmarks.samplers.mixture import PATH, denoiser, noise, reference
from simplatform.errors import SolverError
from simplatform.policies.samplers import BudgetExceeded, get_sampler, grid


def test_pndm_pays_its_start():
    for nfe, steps in ((4, 1), (11, 2), (12, 3), (13, 4), (20, 11)):
        model, sampler = denoiser(PATH, budget=nfe), get_sampler("pndm")
        assert sampler.steps(nfe) == steps
        sampler.generate(model, noise(), nfe)
        assert nfe - model.nfe < 4


def test_multistep_methods_beat_ddim_at_ten_evaluations():
    errors = {}
    for name in ("ddim", "dpm++2m", "deis-tab3"):
        found = get_sampler(name).generate(denoiser(PATH, budget=10), noise(), 10)
        errors[name] = float((found - reference(PATH)).square().sum(1).mean().sqrt())
    assert errors["dpm++2m"] < 0.6 * errors["ddim"]
    assert errors["deis-tab3"] < 0.2 * errors["ddim"]


@pytest.mark.parametrize("name", ["ddim", "dpm2", "dpm3", "dpm++2s", "dpm++2m", "dpm++3m", "deis-tab3", "plms", "rk4"])
@pytest.mark.parametrize("nfe", [4, 7, 12])
def test_budget_is_kept_and_nearly_used(name, nfe):
    model, sampler = denoiser(PATH, budget=nfe), get_sampler(name)
    sampler.generate(model, noise(), nfe)
    assert model.nfe == nfe // sampler.evaluations * sampler.evaluations


def test_budget_is_hard():
    with pytest.raises(BudgetExceeded, match="evaluation 4"):
        get_sampler("ddim").sample(denoiser(PATH, budget=3), noise(), grid(PATH, 4))
    with pytest.raises(SolverError, match="needs 3 evaluations"):
        get_sampler("dpm3").generate(denoiser(PATH), noise(), 2)
