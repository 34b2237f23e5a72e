"""Labels, places and residuals: exact where the map is known."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from simplatform.pipeline.environments import signature_of
from simplatform.policies.meshfree.collocation import Collocation
from simplatform.policies.meshfree.lagrangian import Lagrangian
from simplatform.policies.meshfree.problem import find_problem
from simplatform.policies.nn.jets import automatic
from simplatform.policies.nn.taylor import Box
from tests.parity import assert_same, load
from tests.policies.meshfree.cases import environment

CARRIED = """
unknowns = ["u"]
[domain]
x = [0.0, 6.283185307179586]
t = [0.0, 1.0]
[parameters]
c = 3.0
[equations]
u = "SPEED"
[[boundary]]
periodic = true
[initial]
u = "sin(x)"
"""


class Formula(nn.Module):
    """A function of label and time on the problem's box."""

    def __init__(self, function, problem):
        super().__init__()
        self.function, self.box = function, Box(problem.low, problem.high)

    def forward(self, points):
        return self.function(points[:, :1], points[:, 1:])


def solution(tmp_path, equation, path, carried):
    problem = find_problem("test", signature_of(environment(tmp_path, CARRIED.replace("SPEED", equation))))
    found = Lagrangian(problem, problem.transport(), Formula(path, problem), Formula(carried, problem))
    found.prepare()
    return problem, found


def test_a_field_that_is_carried_along_has_no_residual_and_is_found_at_places(tmp_path):
    problem, own = solution(tmp_path, "2*u_t + 2*c*u_x", lambda x, t: 1 + 0 * x, lambda x, t: torch.sin(x))
    assert float(own.speed) == pytest.approx(3.0)
    points = torch.rand(20, 2, dtype=torch.float64) * torch.tensor([6.0, 1.0])
    torch.testing.assert_close(own(points, problem.residual), torch.zeros(20, 2, dtype=torch.float64))
    torch.testing.assert_close(own(points)[:, 0], torch.sin(points[:, 0] - 3 * points[:, 1]), atol=1e-9, rtol=0)
    inside, start = own.relative(Collocation(problem, own, 16, 16))
    assert max(inside, start) < 1e-12
    assert own.crossing() is None


def test_diffusion_is_taken_at_places(tmp_path):
    """u = exp(−t/2) sin(x − 3 t) solves u_t + 3 u_x = u_xx/2 in any labels, here x = ξ + 3 t (1 + sin(ξ)/9)."""
    place = lambda x, t: x + 3 * t * (1 + torch.sin(x) / 9)  # noqa: E731
    carried = lambda x, t: torch.exp(-t / 2) * torch.sin(place(x, t) - 3 * t)  # noqa: E731
    _, own = solution(tmp_path, "u_t + c*u_x - u_xx/2", lambda x, t: 1 + torch.sin(x) / 9, carried)
    points = torch.rand(20, 2, dtype=torch.float64)
    found = own.residuals(points)
    off = torch.sin(points[:, 0]) / 9
    torch.testing.assert_close(found[:, 0], off)  # the labels do not move with the field …
    slope = torch.exp(-points[:, 1] / 2) * torch.cos(place(*points.unbind(1)) - 3 * points[:, 1])
    torch.testing.assert_close(found[:, 1], 3 * off * slope)  # … and by as much u changes along them


def test_crossing_characteristics_are_told(tmp_path):
    """u_t + u u_x = 0 from sin(x) breaks at t = 1: with this path the slope is 1 + t cos(ξ)·s."""
    _, own = solution(tmp_path, "u_t + u*u_x", lambda x, t: torch.sin(x) / 0.6, lambda x, t: torch.sin(x))
    assert own.crossing() == pytest.approx(0.95 * 0.6 / float(own.speed), abs=0.05)


@pytest.mark.parametrize("equation", ["u_t + u_x^2", "u*u_x", "u_t + u_xx^2 + u_x"])
def test_what_is_no_transport_has_none(tmp_path, equation):
    problem = find_problem("test", signature_of(environment(tmp_path, CARRIED.replace("SPEED", equation))))
    assert problem.transport() is None


def branches(case):
    """Return the official two-branch network, which shares all layers but how often it uses the second, in double."""
    state = {key: value.double() for key, value in case["state_dict"].items()}

    def branch(points, repeats):
        x, t = points[:, :1], points[:, 1:]
        found = torch.cat([torch.cos(x), torch.sin(x), t], 1)
        for name in ("input", "hidden1", *["hidden2"] * repeats):
            found = torch.tanh(found @ state[f"{name}.weight"].mT + state[f"{name}.bias"])
        return found @ state["output.weight"].mT + state["output.bias"]

    return branch


@pytest.mark.parametrize("name", ["convection", "burgers"])
def test_residuals_are_the_official_ones_where_the_map_is_the_identity(name):
    """The official residuals are x_t − F and u_t − ν u_ξξ; ours are these where x_ξ = 1."""
    case = load(f"lpinn-{name}")
    config, inputs, wanted, branch = case["config"], case["inputs"], case["outputs"], branches(case)
    points = torch.cat([inputs["x"], inputs["t"]], 1).double()
    place = automatic(lambda p: branch(p, 0), points, [(), (1,)])
    own = automatic(lambda p: branch(p, config["deep_u"] - 2), points, [(), (0,), (1,), (0, 0)])
    assert_same(place[()], wanted["characteristic_x"])
    assert_same(own[()], wanted["u"])
    assert_same(own[0, 0], wanted["u_xx"], 2e-5)
    speed = own[()] if config["equation"] == "Burgers" else config["c"]
    assert_same(place[1,] - speed, wanted["residual_x"])
    assert_same(own[1,] - config["nu"] * own[0, 0], wanted["residual_u"])
