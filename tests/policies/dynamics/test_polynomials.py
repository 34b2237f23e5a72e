"""Monomials and their flows: counted, differentiated and integrated as mathematics says."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.dynamics.polynomials import Monomials, count, flow, monomials, tangent_flow


@pytest.mark.parametrize(("dim", "degree"), [(1, 4), (2, 3), (3, 2), (4, 1), (3, 5)])
def test_monomials_are_the_products_of_powers(dim, degree):
    basis = Monomials(dim, degree)
    x = torch.rand(7, dim, dtype=torch.float64) + 0.5
    assert len(basis) == count(dim, degree) == len({tuple(row) for row in basis.powers.tolist()})
    torch.testing.assert_close(basis(x), torch.prod(x[:, None] ** basis.powers, -1))
    values, slopes = basis.slopes(x)
    torch.testing.assert_close(values, basis(x))
    torch.testing.assert_close(slopes, torch.func.vmap(torch.func.jacrev(basis))(x))


def test_they_say_their_names():
    assert Monomials(2, 2).names(["x", "v"]) == ["1", "x", "v", "x**2", "x*v", "v**2"]


def test_the_flow_of_a_linear_field_is_the_exponential():
    weights = torch.zeros(1, 3, 2, dtype=torch.float64)
    weights[0, 1:] = torch.tensor([[0.0, -1.0], [1.0, 0.0]])  # x' = v, v' = -x
    times = 0.1 * torch.arange(11, dtype=torch.float64)
    states = flow(monomials(2, 1), weights, torch.tensor([[[1.0, 0.0]]], dtype=torch.float64), times)
    torch.testing.assert_close(states[:, 0, 0, 0], torch.cos(times), rtol=0, atol=1e-13)


@pytest.mark.parametrize("by", ["start", "weights"])
def test_tangents_are_the_derivatives_of_the_flow(by):
    generator = torch.Generator().manual_seed(0)
    basis, times = monomials(2, 3), 0.05 * torch.arange(4, dtype=torch.float64)
    weights = 0.3 * torch.randn(2, 10, 2, dtype=torch.float64, generator=generator)
    start = torch.rand(2, 3, 2, dtype=torch.float64, generator=generator)
    states, tangents = tangent_flow(basis, weights, start, times, by=by)
    torch.testing.assert_close(states, flow(basis, weights, start, times))
    if by == "start":
        jacobian = torch.func.jacrev(lambda x: flow(basis, weights, x, times)[:, 1, 2])(start)[:, :, 1, 2]
        torch.testing.assert_close(tangents[:, 1, 2], jacobian)
    else:
        jacobian = torch.func.jacrev(lambda w: flow(basis, w, start, times)[:, 1, 2])(weights)[:, :, 1]
        torch.testing.assert_close(tangents[:, 1, 2], jacobian.flatten(2))
