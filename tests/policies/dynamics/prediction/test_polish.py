"""A sparse field is polished on trajectories: to all digits without noise, and nearer to the truth with noise."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.dynamics.polynomials import flow, monomials
from simplatform.policies.dynamics.prediction.polish import enough_substeps, polished

BASIS = monomials(2, 2)


@pytest.fixture
def truth():
    """Return a predator-prey field, and its samples, 0.3 apart."""
    weights = torch.zeros(6, 2, dtype=torch.float64)
    weights[1, 0], weights[4, 0], weights[2, 1], weights[4, 1] = 0.3, -0.3, -0.3, 0.3
    start = torch.tensor([[[1.5, 0.7]]], dtype=torch.float64)
    return weights, flow(BASIS, weights[None], start, torch.arange(240, dtype=torch.float64))[:, 0, 0]


def test_weights_are_found_to_all_digits_and_zeros_stay(truth):
    weights, path = truth
    found, misfit = polished(BASIS, 1.02 * weights, [path], 12, 20, 12)
    assert misfit < 1e-10
    torch.testing.assert_close(found, weights, rtol=1e-8, atol=0)
    assert bool(((found != 0) == (weights != 0)).all())


def test_with_noise_a_long_piece_gives_weights_to_a_per_cent(truth):
    weights, path = truth
    noisy = path + 0.02 * torch.randn(path.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found, misfit = polished(BASIS, 1.05 * weights, [noisy], 60, 40, 12)
    assert 0.018 < misfit < 0.021
    assert float((found - weights).abs().max()) < 0.01 * 0.3


def test_substeps_follow_the_field(truth):
    weights, path = truth
    assert enough_substeps(BASIS, weights, path, 1) == 1
    assert enough_substeps(BASIS, 8 * weights, path, 1) > 1
