"""PIG's Gaussians stay wide enough for its points to see them, so that what they say of it is true."""

from __future__ import annotations

import pytest
import torch

from simplatform.pipeline.environments import make_env, signature_of
from simplatform.policies.meshfree.pig import PIG, PIGConfig
from simplatform.recipes import find_task

FAST = {"natural": 12, "inside": 150, "outside": 40, "gaussians": 12}


@pytest.mark.parametrize("inside, dim, sigma, expected", [(100, 2, 0.5, 0.1), (1000, 3, 0.5, 0.1), (100, 2, 0.1, 0.09)])
def test_the_least_width_goes_with_the_distance_of_points_and_leaves_room_below_the_first(inside, dim, sigma, expected):
    assert PIGConfig(inside=inside, sigma=sigma).least_width(dim) == pytest.approx(expected)


def solve(**settings):
    """Return PIG on Helmholtz (1, 4) after a few steps."""
    torch.manual_seed(10)
    policy = PIG(PIGConfig(**FAST, **settings), signature_of(make_env(find_task("pde/helmholtz"), "test")))
    policy.fit([], validation=[], progress=lambda *_, **__: None)
    return policy


def seen(policy):
    """Return the root mean square residual on many points that the training had no part in, by the source's."""
    points = 2 * torch.rand(20_000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3)) - 1
    with torch.no_grad():
        found = policy.solution(points, policy.problem.residual).square().mean().sqrt()
    source = (17 * torch.pi**2 - 1) / 2
    return float(found) / source


def test_no_needle_hides_between_the_points():
    """Without a least width the residual is small where the points are, and a thousand times its size elsewhere."""
    bounded, paper = solve(), solve(least=0.0)
    front = bounded.solution.network.front
    assert float((front.widths.square() + front.least.square()).min()) >= PIGConfig(**FAST).least_width(2) ** 2
    assert seen(bounded) < 1
    assert float(paper.solution.network.front.widths.detach().abs().min()) < 0.02
    assert seen(paper) > 10 * seen(bounded)
