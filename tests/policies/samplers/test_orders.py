"""Measured orders of convergence on a mixture of Gaussians, and errors at a small budget."""

from __future__ import annotations

import math

import pytest

from benchmarks.samplers.mixture import PATH, denoiser, error, noise, reference
from simplatform.errors import SolverError
from simplatform.policies.samplers import BudgetExceeded, LinearVP, Straight, get_sampler, grid

ORDERS = {
    "ddim": 1, "dpm2": 2, "dpm3": 3, "dpm++2s": 2, "dpm++2m": 2, "deis-tab1": 2, "deis-tab2": 3, "deis-tab3": 4,
    "bdia": 2, "rf-solver": 2, "midpoint": 2, "heun": 2, "rk4": 4,
}  # fmt: skip


def slope(name, steps, path=PATH):
    sampler = get_sampler(name)
    coarse, fine = (error(sampler, grid(path, n, sampler.spacing), path) for n in (steps, 2 * steps))
    return math.log2(coarse / fine)


@pytest.mark.parametrize(("name", "order"), ORDERS.items())
def test_order(name, order):
    assert slope(name, 80) == pytest.approx(order, abs=0.2)
    assert get_sampler(name).order == order


def test_plms_is_second_order_in_spite_of_its_weights():
    for name in ("plms", "pndm"):
        assert slope(name, 40) > slope(name, 640)
        assert slope(name, 640) == pytest.approx(2, abs=0.2)


def test_pndm_pays_its_start():
    for nfe, steps in ((4, 1), (11, 2), (12, 3), (13, 4), (20, 11)):
        model, sampler = denoiser(PATH, budget=nfe), get_sampler("pndm")
        assert sampler.steps(nfe) == steps
        sampler.generate(model, noise(), nfe)
        assert nfe - model.nfe < 4


def test_3m_is_between_second_and_third_order():
    assert 1.9 < slope("dpm++3m", 80) < 3.1


def test_multistep_methods_beat_ddim_at_ten_evaluations():
    errors = {}
    for name in ("ddim", "dpm++2m", "deis-tab3"):
        found = get_sampler(name).generate(denoiser(PATH, budget=10), noise(), 10)
        errors[name] = float((found - reference(PATH)).square().sum(1).mean().sqrt())
    assert errors["dpm++2m"] < 0.6 * errors["ddim"]
    assert errors["deis-tab3"] < 0.2 * errors["ddim"]


@pytest.mark.parametrize(("name", "order"), [("ddim", 1), ("dpm++2m", 2)])
def test_same_samplers_on_straight_paths(name, order):
    """The median, because a sample near the border between two modes decides the mean on coarse grids."""
    path, sampler = Straight(margin=0.02), get_sampler(name)

    def median(steps):
        found = sampler.sample(denoiser(path), noise(), grid(path, steps, sampler.spacing))
        return float((found - reference(path)).norm(dim=1).median())

    assert math.log2(median(80) / median(160)) == pytest.approx(order, abs=0.2)


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


def test_dpm_solver_agrees_with_diffusers():
    """One step of 2M at equal λ steps is the library's, written for its own table of levels."""
    diffusers = pytest.importorskip("diffusers")
    import torch

    from simplatform.policies.samplers import Denoiser, DPMSolverPP2M, Levels

    scheduler = diffusers.DPMSolverMultistepScheduler(
        num_train_timesteps=100, beta_schedule="squaredcos_cap_v2", prediction_type="sample", solver_order=2,
        lower_order_final=False, final_sigmas_type="zero", timestep_spacing="linspace",
    )  # fmt: skip
    scheduler.set_timesteps(8)
    levels = scheduler.alphas_cumprod.double().tolist()
    times = [int(t) for t in scheduler.timesteps]

    def network(x, t):
        return torch.tanh(x) * (1 - float(t) / 200)

    theirs = ours = noise()
    for t in times[:-1]:
        theirs = scheduler.step(network(theirs, t), t, theirs).prev_sample
    model = Denoiser(network, Levels(levels), "data")
    ours = DPMSolverPP2M().sample(model, ours, [float(t) for t in times])
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_grids_fall_and_keep_their_ends():
    for path in (LinearVP(), Straight()):
        for spacing in ("log_snr", "time", "quadratic"):
            times = grid(path, 7, spacing)
            assert len(times) == 8
            assert times == sorted(times, reverse=True)
            assert (times[0], times[-1]) == pytest.approx((path.first, path.last))
