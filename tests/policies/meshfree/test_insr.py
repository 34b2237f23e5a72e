"""Time steps by optimisation: a wave that moves and fades, the official network, and the official step."""

from __future__ import annotations

import pytest
import torch

import simplatform as sp
from simplatform.errors import ContractError
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.policies.meshfree.insr import INSR, INSRConfig
from simplatform.policies.nn.jets import jets
from simplatform.policies.nn.taylor import Box, TaylorNetwork, Waves
from simplatform.recipes import find_task
from tests.parity import assert_same, load
from tests.policies.meshfree.cases import environment

WAVE = """
unknowns = ["u"]
[domain]
x = [0.0, 6.283185307179586]
t = [0.0, 1.0]
[parameters]
c = 1.0
[equations]
u = "u_t + c*u_x - 0.1*u_xx"
[[boundary]]
periodic = true
[initial]
u = "sin(x)"
[exact]
u = "sin(x - c*t)*exp(-0.1*t)"
"""
FAST = {"width": 8, "depth": 1, "omega": 3.0, "inside": 40, "begin": 15, "natural": 2}


def error(tmp_path, steps):
    env = environment(tmp_path, WAVE)
    torch.manual_seed(0)
    policy = INSR(INSRConfig(**FAST, times=steps), signature_of(env))
    policy.fit([], validation=[], progress=lambda *_, **__: None)
    return policy, sp.evaluate(policy, env, episodes=1)["error"].value


def test_halving_the_time_step_quarters_the_error(tmp_path):
    policy, coarse = error(tmp_path, 4)
    assert 3 < coarse / error(tmp_path, 8)[1] < 5.5
    assert policy.solved.steps == 4


def test_a_problem_without_time_is_refused():
    with pytest.raises(ContractError, match="marches in time"):
        INSR(INSRConfig(), signature_of(make_env(find_task("pde/helmholtz"))))


def siren(state, prefix, dim, outputs):
    """Return our sine network with official weights, on the box where it sees coordinates as they are."""
    layers = sorted({int(key.split(".")[2]) for key in state if key.startswith(f"{prefix}.")})
    widths = [len(state[f"{prefix}.net.{n}.bias"]) for n in layers[:-1]]
    net = TaylorNetwork(Box([-1] * dim, [1] * dim), Waves(dim), widths, outputs, "sine", 30.0)
    own = {f"layers.{place}.{kind}": state[f"{prefix}.net.{n}.{kind}"].double()
           for place, n in enumerate(layers) for kind in ("weight", "bias")}  # fmt: skip
    net.load_state_dict(own, strict=False)
    return net


def test_the_advection_step_is_the_official_one():
    case = load("insr-advection")
    config, inputs, wanted, state = (case[key] for key in ("config", "inputs", "outputs", "state_dict"))
    net, before = siren(state, "field", 1, 1), siren(state, "field_prev", 1, 1)
    points = inputs["samples"].double()
    now, then = jets(net, points, [(), (0,)]), jets(before, points, [(), (0,)])
    assert_same(now[()], wanted["u"])
    assert_same(now[0,], wanted["u_x"])
    middle = config["vel"] * (now[0,] + then[0,]) / 2
    main = ((now[()] - then[()]) / config["dt"] + middle).square().mean()
    assert_same(main, wanted["loss_main"])
    edge = net(inputs["boundary"].double() * config["length"] / 2).square().mean()
    assert_same(edge, wanted["loss_bc"])
    assert_same(torch.exp(-((points + 1.5) ** 2) / 0.02), wanted["initial_condition"])
    (main + edge).backward()
    norm = torch.stack([one.grad.square().sum() for one in net.parameters()]).sum().sqrt()
    assert float(norm) == pytest.approx(case["grad_norm"], rel=1e-4)


def test_the_fluid_operators_are_the_official_ones():
    case = load("insr-fluid")
    points, wanted, state = case["inputs"]["samples"].double(), case["outputs"], case["state_dict"]
    velocity, pressure = siren(state, "velocity", 2, 2), siren(state, "pressure", 2, 1)
    flow = jets(velocity, points, [(), (0,), (1,)])
    force = jets(pressure, points, [(), (0,), (1,), (0, 0), (1, 1)])
    assert_same(flow[()], wanted["velocity"])
    assert_same(flow[0,][:, :1] + flow[1,][:, 1:], wanted["divergence"])
    assert_same(force[()], wanted["pressure"])
    assert_same(torch.cat([force[0,], force[1,]], 1), wanted["pressure_gradient"])
    assert_same(force[0, 0] + force[1, 1], wanted["pressure_laplacian"])
    main = (force[0, 0] + force[1, 1] - flow[0,][:, :1] - flow[1,][:, 1:]).square().mean()
    assert_same(main, wanted["solve_pressure_main"])
