"""Movers that learn from an objective: limits are exact, and an objective given by name falls."""

import pytest
import torch

from simplatform.policies.mesh.graph import collate
from simplatform.policies.mesh.m2n import M2N, raster
from simplatform.policies.mesh.um2n import UM2NConfig
from tests.policies.mesh.test_um2n import SIGNATURE, sample


def test_m2n_sees_the_picture_of_the_monitor():
    torch.manual_seed(0)
    policy = M2N(UM2NConfig(), SIGNATURE).double().eval()
    graph = policy.graph_of(collate([sample(5), sample(7)]))
    with torch.no_grad():
        assert policy(graph).shape == graph.points.shape
    x = torch.linspace(0, 1, 6, dtype=torch.float64)
    points = torch.cartesian_prod(x, x)
    picture = raster(points, points @ torch.tensor([2.0, 1.0], dtype=torch.float64))
    assert picture[0, 19] == pytest.approx(1.0)
    assert picture[19, 0] == pytest.approx(2.0)
