"""What is left of an answer: nothing of an exact solution, by values alone, on any box and near its sides."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.meshfree.environment import PdeProblem
from simplatform.envs.meshfree.probes import WIDTH, Probes, weights
from tests.envs.meshfree.cases import case


@pytest.mark.parametrize("problem", ["helmholtz", "poisson-3d", "heat", "convection", "moving-waves", "taylor-green"])
def test_an_exact_solution_leaves_nothing(problem):
    env = PdeProblem(problem, points=64)
    env.reset(seed=0)
    info = env.step(env.solution)[4]
    assert info["residual"] < 1e-3
    assert info["sides"] < 1e-6
    assert ((env.pde.low <= env.points) & (env.points <= env.pde.high)).all()


def test_a_wrong_answer_leaves_what_is_wrong():
    env = PdeProblem("helmholtz", points=64)
    env.reset(seed=0)
    size = env.solution[env.count :].std()
    source, largest = 17 * np.pi**2 - 1, 1.1 * 16 * np.pi**2
    assert env.step(1.1 * env.solution)[4]["residual"] == pytest.approx(0.1 * source / largest, rel=0.01)
    assert env.step(env.solution + 0.1)[4]["sides"] == pytest.approx(0.1 / np.hypot(size, 0.1), rel=0.1)
    assert env.step(0 * env.solution)[4]["residual"] == pytest.approx(1)


def test_mixed_and_fourth_derivatives_are_taken():
    probes = Probes(case("plate"))
    exact = np.sin(np.pi * probes.points).prod(1, keepdims=True)
    assert probes.residual(exact, np.zeros(0)) < 1e-3
    assert probes.sides(exact, np.zeros(0)) < 1e-3


@pytest.mark.parametrize("order", range(WIDTH))
def test_weights_are_exact_for_quartics_wherever_they_lean(order):
    rng, nodes = np.random.default_rng(order), np.arange(WIDTH)
    quartic = np.polynomial.Polynomial(rng.normal(size=5))
    for place in range(WIDTH):
        found = weights(place, order) @ quartic(nodes)
        assert found == pytest.approx(quartic.deriv(order)(place) if order else quartic(place))
