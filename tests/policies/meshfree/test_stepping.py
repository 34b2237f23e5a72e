"""States between which values are interpolated: cubic in time, and each state its own weights."""

from __future__ import annotations

import torch

from simplatform.pipeline.environments import signature_of
from simplatform.policies.meshfree.problem import find_problem
from simplatform.policies.meshfree.stepping import Marching, space_box
from simplatform.policies.nn.taylor import TaylorNetwork, Waves
from tests.policies.meshfree.cases import environment


def test_values_at_and_between_steps(tmp_path):
    problem = find_problem("test", signature_of(environment(tmp_path)))
    network = TaylorNetwork(space_box(problem), Waves(1), [], 1)
    marching = Marching(problem, network, 8)
    for number in range(9):
        with torch.no_grad():
            network.layers[0].weight.fill_(0.0)
            network.layers[0].bias.fill_((number * marching.step) ** 3)
        marching.keep(number)
    times = torch.tensor([0.0, 0.01, 0.2, 0.33, 0.5], dtype=torch.float64)
    found = marching(torch.stack([times * 0 + 0.3, times], 1))
    torch.testing.assert_close(found[:, 0], times**3, atol=1e-12, rtol=0)
    assert marching.outputs == 1
