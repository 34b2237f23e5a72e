"""Training: the equation holds between the points, the hidden term is found, and the posterior knows the noise."""

from __future__ import annotations

import torch

from simplatform.policies.dynamics.upinn.networks import Networks
from simplatform.policies.dynamics.upinn.training import Problem, train
from tests.policies.dynamics.upinn.systems import HIDDEN, known, samples


def trained(noise: float):
    problem = Problem(Networks(1, 2, 8, 4), known(), samples(noise), 20, 0.02)
    return problem, train(problem, 30, 3, torch.Generator().manual_seed(0))


def test_what_the_known_terms_leave_is_found():
    problem, fit = trained(0.0)
    states, force = problem.hidden(fit.weights, fit.moves(1, torch.Generator().manual_seed(0)))
    torch.testing.assert_close(force[:, 0].mean(1)[:, 0], HIDDEN, atol=0.03, rtol=0)
    assert float(force[:, 0, :, 1].abs().mean()) < 0.05
    middle = states[:, 0, 0]  # û at the first sample: x = 0, y = 2
    torch.testing.assert_close(middle, torch.tensor([[0.0, 2.0]] * 2, dtype=torch.float64), atol=0.05, rtol=0)
    torch.testing.assert_close(problem.force(fit.weights, states[:, 0]), force[:, 0])


def test_the_noise_is_that_of_the_points_and_draws_spread_with_it():
    widths = []
    for noise in (0.01, 0.1):
        problem, fit = trained(noise)
        assert bool(((fit.noise > noise / 2.5) & (fit.noise < 2.5 * noise)).all())
        _, force = problem.hidden(fit.weights, fit.moves(12, torch.Generator().manual_seed(1)))
        widths.append(float(force.std(1).mean()))
    assert widths[1] > 2 * widths[0]


def test_the_jacobian_is_that_of_the_residuals():
    problem = Problem(Networks(1, 2, 3, 2), known(), samples(), 5, 0.02)
    weights, noise = (
        problem.networks.first(2, torch.Generator().manual_seed(0)),
        torch.full((2,), 0.1, dtype=torch.float64),
    )
    move = 1e-6 * torch.randn(weights.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    exact = (problem.jacobian(weights, noise) @ move[..., None])[..., 0]
    ahead, behind = (problem.residuals(weights + sign * move, noise) for sign in (1, -1))
    found = (ahead - behind) / 2
    torch.testing.assert_close(exact, found, rtol=1e-5, atol=1e-9)
