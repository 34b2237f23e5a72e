"""Break-even: the opponent is the cheapest solver that is as good, and the sign is honest."""

from __future__ import annotations

import math

import gymnasium
import pytest
import torch

from simplatform.contracts import Facts
from simplatform.envs.fields.breakeven import BreakEven, Solver, data_seconds, equal_solver


@pytest.fixture(scope="module")
def case():
    env = gymnasium.make("simplatform/Field-v0", problem="burgers", points=64, steps=4, parameters={"viscosity": 0.3})
    env.reset(seed=0)
    facts = Facts.read(env.unwrapped.metadata["simplatform"])
    return facts, torch.from_numpy(env.unwrapped.truth)[None], torch.zeros(1, 0)


def test_the_more_error_is_allowed_the_cheaper_the_solver(case):
    loose, tight = (equal_solver(*case, target) for target in (0.1, 1e-4))
    assert loose.error <= 0.1
    assert tight.error <= 1e-4
    assert loose.points * loose.substeps < tight.points * tight.substeps


def test_what_no_coarse_solver_reaches_is_said(case):
    assert equal_solver(*case, 1e-12) is None
    assert math.isnan(BreakEven(1, 1, 1, None, 10).solves)


def test_solves_are_what_is_spent_over_what_is_gained():
    solver = Solver(32, 1, 0.1, 0.003)
    assert BreakEven(10, 20, 0.001, solver, 100).solves == pytest.approx(30 / (0.002 * 100))
    assert BreakEven(10, 20, 0.004, solver, 100).solves == math.inf


def test_data_cost_more_where_trajectories_are_longer(case):
    assert data_seconds(case[0], 1000) > 10 * data_seconds(case[0], 10)
