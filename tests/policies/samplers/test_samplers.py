"""Conversions, inversion, gradients, skipping, and refusals."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.samplers.mixture import PATH, denoiser, mixture_noise, noise
from simplatform.errors import SolverError, UnknownName
from simplatform.policies.samplers import (
    Denoiser,
    Straight,
    get_sampler,
    grid,
)
from simplatform.policies.samplers.adjoint import sample_with_adjoint
from tests.policies.samplers.samplers_cases import PATHS


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PATHS), st.floats(0.001, 0.999))
def test_time_inverts_log_snr(path, share):
    t = path.last + share * (path.first - path.last)
    assert path.time(path.log_snr(t)) == pytest.approx(t, rel=1e-6)


def test_unknown_names_get_near_ones():
    with pytest.raises(UnknownName, match=r"dpm\+\+2m"):
        get_sampler("dpmpp2m")


def test_times_must_fall():
    with pytest.raises(SolverError, match="strictly falling"):
        get_sampler("ddim").sample(denoiser(PATH), noise(), [0.2, 0.5])


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


def test_samples_are_differentiable():
    x = noise(2).requires_grad_()
    get_sampler("dpm++2m").generate(denoiser(PATH), x, 6).sum().backward()
    assert bool(torch.isfinite(x.grad).all())
