"""PIG's Gaussians stay wide enough for its points to see them, so that what they say of it is true."""

from __future__ import annotations

import pytest
import torch

from simplatform.pipeline.environments import make_env, signature_of
from simplatform.policies.meshfree.pig import PIG, PIGConfig
from simplatform.policies.nn.jets import jets
from simplatform.recipes import find_task

FAST = {"natural": 12, "inside": 150, "outside": 40, "gaussians": 12}


@pytest.mark.parametrize(
    ("inside", "dim", "sigma", "expected"), [(100, 2, 0.5, 0.1), (1000, 3, 0.5, 0.1), (100, 2, 0.1, 0.09)]
)
def test_the_least_width_goes_with_the_distance_of_points_and_leaves_room_below_the_first(inside, dim, sigma, expected):
    assert PIGConfig(inside=inside, sigma=sigma).least_width(dim) == pytest.approx(expected)


def test_no_needle_hides_between_the_points_and_the_verdict_holds_elsewhere():
    torch.manual_seed(10)
    policy = PIG(PIGConfig(**FAST), signature_of(make_env(find_task("pde/helmholtz"), "test")))
    policy.fit([], validation=[], progress=lambda *_, **__: None)
    front = policy.solution.network.front
    least = policy.config.least_width(2)
    assert all(float(rate.detach().max()) <= least**-2 for rate in (front.precision()[0][0], front.precision()[1][1]))
    points = 2 * torch.rand(30_000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3)) - 1
    with torch.no_grad():
        found = jets(policy.solution.network, points, [(), (0, 0), (1, 1)])
        whole = policy.solution(points, policy.problem.residual)[:, 0]
    terms = torch.stack(list(found.values())).square().sum(0).mean()
    assert policy.solved.inside == pytest.approx(float((whole.square().mean() / terms).sqrt()), rel=0.2)
