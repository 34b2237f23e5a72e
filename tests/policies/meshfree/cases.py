"""Small problems and solutions for the tests of this room, by the doors that policies use."""

from __future__ import annotations

import torch

from simplatform.pipeline.environments import make_env, signature_of
from simplatform.policies.meshfree.collocation import Collocation, Solution
from simplatform.policies.meshfree.problem import find_problem
from simplatform.policies.nn.taylor import Box, TaylorNetwork, Waves
from simplatform.recipes import find_task

HEAT = """
unknowns = ["u"]
[domain]
x = [0.0, 1.0]
t = [0.0, 0.5]
[parameters]
k = 0.2
[equations]
u = "u_t - k*u_xx"
[[boundary]]
u = "0"
[initial]
u = "sin(pi*x)"
[exact]
u = "sin(pi*x)*exp(-k*pi^2*t)"
"""


def environment(tmp_path, text=HEAT, **kwargs):
    """Return an environment of a problem in a file."""
    from dataclasses import replace

    (tmp_path / "mine.toml").write_text(text)
    task = find_task("pde/helmholtz")
    return make_env(replace(task, kwargs={"file": str(tmp_path / "mine.toml"), "points": 64, **kwargs}))


def small(tmp_path, text=HEAT, width=8, seed=0):
    """Return a problem, a small solution, and where it is held to its equations."""
    problem = find_problem("test", signature_of(environment(tmp_path, text)))
    torch.manual_seed(seed)
    network = TaylorNetwork(Box(problem.low, problem.high), Waves(problem.dim), [width], len(problem.unknowns))
    solution = Solution(problem, network)
    return problem, solution, Collocation(problem, solution, 40, 10)
