"""States between which values are interpolated: cubic in time, and each state its own weights."""

from __future__ import annotations

import pytest
import torch

import simplatform as sp
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.policies.meshfree.insr import INSR, INSRConfig
from simplatform.policies.meshfree.problem import find_problem
from simplatform.policies.meshfree.stepping import Marching, constraints, space_box, timeless
from simplatform.policies.nn.taylor import TaylorNetwork, Waves
from simplatform.recipes import find_task
from tests.policies.meshfree.cases import environment

LATE = """
unknowns = ["u", "p"]
[domain]
x = [0.0, 1.0]
t = [0.0, 1.0]
[equations]
u = "u_t - p"
p = "p - 2*cos(2*t)"
[[boundary]]
periodic = true
[initial]
u = "0"
[exact]
u = "sin(2*t)"
p = "2*cos(2*t)"
"""


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


def test_a_pressure_has_no_past_and_no_divergence_is_a_constraint(tmp_path):
    flow = find_problem("test", signature_of(make_env(find_task("pde/taylor-green"))))
    late = find_problem("test", signature_of(environment(tmp_path, LATE)))
    assert (timeless(flow), constraints(flow)) == ([2], [2])
    assert (timeless(late), constraints(late)) == ([1], [])


def test_an_unknown_without_a_time_derivative_is_met_at_its_own_times(tmp_path):
    env, errors = environment(tmp_path, LATE), []
    for steps in (4, 8):
        torch.manual_seed(0)
        config = INSRConfig(width=4, depth=1, omega=1.0, inside=10, begin=20, natural=6, times=steps)
        policy = INSR(config, signature_of(env))
        policy.fit([], validation=[], progress=lambda *_, **__: None)
        errors.append(sp.evaluate(policy, env, episodes=1)["error"].value)
    assert errors[0] < 0.05
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.5)
