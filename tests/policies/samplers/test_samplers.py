"""Conversions, inversion, gradients, skipping, and refusals."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.samplers.mixture import PATH, denoiser, mixture_noise, noise, reference
from simplatform.errors import ContractError, SolverError, UnknownName
from simplatform.policies.manipulation.diffusion import squared_cosine
from simplatform.policies.samplers import (
    BDIA,
    AverageVelocityError,
    Denoiser,
    Levels,
    LinearVP,
    Straight,
    get_sampler,
    grid,
)
from simplatform.policies.samplers.adjoint import sample_with_adjoint
from simplatform.policies.samplers.skipping import SkippingDenoiser

PATHS = [LinearVP(), Straight(), Levels(squared_cosine(100).double().tolist())]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PATHS), st.floats(0.01, 0.99), st.sampled_from(["noise", "data", "v", "velocity"]))
def test_any_prediction_gives_data_and_noise(path, share, prediction):
    t = path.last + share * (path.first - path.last)
    data, e = noise(3), noise(6)[3:]
    alpha, sigma = path.alpha(t), path.sigma(t)
    da, ds = path.rates(t)
    out = {"noise": e, "data": data, "v": alpha * e - sigma * data, "velocity": da * data + ds * e}[prediction]
    model = Denoiser(lambda x, t: out, path, prediction)
    x = alpha * data + sigma * e
    for found, wanted in zip((*model.both(x, t), model.velocity(x, t)), (data, e, da * data + ds * e), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)
    assert model.nfe == 2


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PATHS), st.floats(0.001, 0.999))
def test_time_inverts_log_snr(path, share):
    t = path.last + share * (path.first - path.last)
    assert path.time(path.log_snr(t)) == pytest.approx(t, rel=1e-6)


def test_average_velocities_are_refused():
    with pytest.raises(AverageVelocityError, match="one-step rule"):
        Denoiser(lambda x, t: x, Straight(), "average-velocity")
    with pytest.raises(ContractError, match="expected a prediction"):
        Denoiser(lambda x, t: x, Straight(), "score")


def test_unknown_names_get_near_ones():
    with pytest.raises(UnknownName, match=r"dpm\+\+2m"):
        get_sampler("dpmpp2m")


def test_times_must_fall():
    with pytest.raises(SolverError, match="strictly falling"):
        get_sampler("ddim").sample(denoiser(PATH), noise(), [0.2, 0.5])


def test_bdia_inverts_exactly():
    sampler, times = BDIA(), grid(PATH, 50)
    back = sampler.invert(denoiser(PATH), sampler.last_two(denoiser(PATH), noise(), times), times)
    assert float((back - noise()).abs().max()) < 1e-11


def test_bdia_refuses_to_amplify_rounding():
    sampler, times = BDIA(0.5), grid(PATH, 50)
    last_two = sampler.last_two(denoiser(PATH), noise(), times)
    with pytest.raises(SolverError, match="amplifies rounding"):
        sampler.invert(denoiser(PATH), last_two, times)


def test_midpoint_inverts_better_than_euler_at_equal_evaluations():
    path, errors = Straight(margin=0.02), {}
    for name in ("euler", "rf-solver"):
        sampler = get_sampler(name)
        times = grid(path, sampler.steps(40), "time")
        there = sampler.sample(denoiser(path), noise(), times)
        back = sampler.invert(denoiser(path), there, times)
        errors[name] = float((back - noise()).square().mean().sqrt())
    assert errors["rf-solver"] < 0.25 * errors["euler"]


def test_adjoint_gradients_are_those_of_backpropagation():
    """Through the steps of another sampler, finely enough that both have converged."""
    shift = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    x = noise(8).requires_grad_()

    def model():
        return Denoiser(lambda z, t: mixture_noise(PATH, z - shift, t), PATH, "noise")

    sample_with_adjoint(model(), x, 80, [shift]).square().sum().backward()
    found = x.grad.clone(), shift.grad.clone()
    x.grad = shift.grad = None
    get_sampler("dpm3").sample(model(), x, grid(PATH, 320)).square().sum().backward()
    torch.testing.assert_close(found, (x.grad, shift.grad), rtol=1e-4, atol=1e-4)


def test_skipping_saves_evaluations_at_little_error():
    sampler, times = get_sampler("dpm++2m"), grid(PATH, 50)
    model = SkippingDenoiser(denoiser(PATH))
    error = float((sampler.sample(model, noise(), times) - reference(PATH)).square().sum(1).mean().sqrt())
    plain = float((sampler.sample(denoiser(PATH), noise(), times) - reference(PATH)).square().sum(1).mean().sqrt())
    assert model.nfe + model.skipped == 50
    assert 50 / model.nfe >= 1.4
    assert error <= 2 * plain


def test_samples_are_differentiable():
    x = noise(2).requires_grad_()
    get_sampler("dpm++2m").generate(denoiser(PATH), x, 6).sum().backward()
    assert bool(torch.isfinite(x.grad).all())
