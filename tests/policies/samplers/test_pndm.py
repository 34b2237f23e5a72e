"""PNDM: four evaluations a step to warm up, one afterwards, and never worse for more."""

from __future__ import annotations

import pytest

from benchmarks.samplers.mixture import PATH, denoiser, error, noise
from simplatform.policies.samplers import Denoiser, grid
from simplatform.policies.samplers.plms import combined
from simplatform.policies.samplers.pndm import PNDM, _runge_kutta


@pytest.mark.parametrize("nfe", range(4, 40))
def test_what_it_spends_is_what_it_was_given_up_to_a_rest(nfe):
    model, sampler = denoiser(PATH, budget=nfe), PNDM()
    sampler.generate(model, noise(4), nfe)
    assert model.nfe == nfe if nfe > 12 else nfe - 4 < model.nfe <= nfe


def test_a_constant_noise_is_carried_without_an_error():
    fixed = noise(3)
    model = Denoiser(lambda x, t: fixed, PATH, "noise")
    x = noise(3) * 2
    found = PNDM().sample(model, x, grid(PATH, 6, "time"))
    s, t = PATH.first, PATH.last
    exact = PATH.alpha(t) * (
        x / PATH.alpha(s) + (PATH.sigma(t) / PATH.alpha(t) - PATH.sigma(s) / PATH.alpha(s)) * fixed
    )
    assert (found - exact).abs().max() < 1e-12
    assert (_runge_kutta(model, x, fixed, 0.8, 0.7) - fixed).abs().max() < 1e-15
    assert (combined([fixed] * 4) - fixed).abs().max() < 1e-14


def test_it_converges_with_its_order():
    coarse, fine = (error(PNDM(), grid(PATH, n, "time")) for n in (40, 80))
    assert coarse / fine > 2 ** (PNDM.order - 0.3)
