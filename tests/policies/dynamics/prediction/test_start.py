"""The start of a prediction from a whole window."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.dynamics.polynomials import monomials
from simplatform.policies.dynamics.prediction.start import fitted_end


def field(matrix: list[list[float]]) -> torch.Tensor:
    """Return the field x' = A x as weights of monomials of degree three, (1, F, d)."""
    dim = len(matrix)
    powers = [row.tolist() for row in monomials(dim, 3).powers]
    weights = torch.zeros(1, len(powers), dim, dtype=torch.float64)
    for column in range(dim):
        weights[0, powers.index([int(k == column) for k in range(dim)])] = torch.tensor(matrix).double()[:, column]
    return weights


def test_the_end_of_a_noisy_window_is_that_of_the_trajectory_through_it():
    times = torch.arange(12, dtype=torch.float64)
    truth = torch.exp(-0.2 * times)[None, None, :, None]
    noise = 0.05 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = fitted_end(monomials(1, 3), field([[-0.2]]), truth + noise, 8)
    assert abs(found.item() - truth[0, 0, -1].item()) < 0.01 < noise[0, 0, -1].abs().item() + 0.01


@pytest.mark.parametrize("rate", [20.0, 60.0, 200.0, 600.0, 2000.0])
def test_a_field_that_leaves_every_bound_costs_the_others_nothing(rate):
    """Its normal equations overflow, which LAPACK refuses with an assertion of its own."""
    windows = torch.stack([torch.linspace(1.0, 0.5, 12), torch.zeros(12)]).double()
    windows = windows[None, :, :, None].expand(-1, -1, -1, 2)
    quiet, wild = field([[-0.2, 0.0], [0.0, -0.1]]), field([[rate, -rate], [rate, rate]])
    both = fitted_end(monomials(2, 3), torch.cat([quiet, wild]), windows.expand(2, -1, -1, -1), 2)
    alone = fitted_end(monomials(2, 3), quiet, windows, 2)
    torch.testing.assert_close(both[:1], alone, rtol=1e-12, atol=0.0)
