"""Quadratic vector fields z' = W φ(z), φ the products of at most two components."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.dynamics.prediction.quadratic import flow, tangent_flow, term_count, term_slopes, terms


def test_slopes_of_the_terms_are_their_derivatives():
    z = torch.randn(4, 3, dtype=torch.float64)
    exact = torch.func.vmap(torch.func.jacrev(terms))(z)
    torch.testing.assert_close(term_slopes(z), exact)
    assert terms(z).shape[-1] == term_count(3) == 10


@pytest.mark.parametrize("forced", [True, False])
def test_tangents_are_the_derivatives_of_the_scheme(forced):
    torch.manual_seed(0)
    weights, start = 0.3 * torch.randn(2, 6, dtype=torch.float64), torch.randn(3, 2, dtype=torch.float64)
    times = 0.1 * torch.arange(5, dtype=torch.float64)
    states, tangents = tangent_flow(weights, start, times, 2, forced=forced)
    torch.testing.assert_close(states, flow(weights, start, times, 2))
    by_start = torch.autograd.functional.jacobian(lambda s: flow(weights, s, times, 2), start)
    for piece in range(3):
        torch.testing.assert_close(tangents[piece, :, :, -2:], by_start[piece, :, :, piece])
    if forced:
        by_weights = torch.autograd.functional.jacobian(lambda w: flow(w, start, times, 2), weights)
        torch.testing.assert_close(tangents[..., :12], by_weights.flatten(3))
