"""Skipping evaluations where the trajectory is stable, in the spirit of SADA (Jiang et al., 2025, arXiv."""

from __future__ import annotations

from benchmarks.samplers.mixture import PATH, denoiser, noise, reference
from simplatform.policies.samplers import (
    get_sampler,
    grid,
)
from simplatform.policies.samplers.skipping import SkippingDenoiser


def test_skipping_saves_evaluations_at_little_error():
    sampler, times = get_sampler("dpm++2m"), grid(PATH, 50)
    model = SkippingDenoiser(denoiser(PATH))
    error = float((sampler.sample(model, noise(), times) - reference(PATH)).square().sum(1).mean().sqrt())
    plain = float((sampler.sample(denoiser(PATH), noise(), times) - reference(PATH)).square().sum(1).mean().sqrt())
    assert model.nfe + model.skipped == 50
    assert 50 / model.nfe >= 1.4
    assert error <= 2 * plain
