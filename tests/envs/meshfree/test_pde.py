"""Residuals vanish at exact solutions, in NumPy and torch alike, inside, on sides and at the start."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch

from simplatform.contracts import Facts
from simplatform.envs.meshfree.document import names
from simplatform.envs.meshfree.pde import of_facts
from simplatform.errors import ConfigError
from simplatform.expressions import Program
from simplatform.expressions.program import slope
from tests.envs.meshfree.cases import ALL, case


def middle(pde):
    return pde.values({name: sum(bounds) / 2 for name, bounds in {**pde.ranges, **pde.sought}.items()})


def exact_jets(pde, equation, points, parameters):
    """Return the jets of the exact solution, by SymPy's derivatives of its formula."""
    plain = list(pde.reading.symbols().values())
    found = {}
    for number, index in equation.jets:
        formula = pde.exact.formulas[number]
        for place in index:
            formula = slope(formula, pde.reading.symbols()[pde.coordinates[place]])
        found[number, index] = np.broadcast_to(Program(plain, [formula])([*points.T, *parameters])[0], len(points))
    return found


@pytest.mark.parametrize("name", [*sorted(ALL), *names()])
def test_residuals_vanish_at_the_exact_solution(name):
    pde = case(name)
    if pde.exact is None:
        pytest.skip("its truth is that of finite elements")
    points = pde.low + (pde.high - pde.low) * np.random.default_rng(0).uniform(size=(50, pde.dim))
    parameters = middle(pde)
    jets = exact_jets(pde, pde.residual, points, parameters)
    size = max(np.abs(value).max() for value in jets.values())
    np.testing.assert_allclose(pde.residual(points, jets, parameters), 0, atol=1e-9 * max(size, 1))
    for one in pde.conditions:
        at, other = points.copy(), points.copy()
        at[:, one.axis] = (pde.low, pde.high)[one.end][one.axis]
        other[:, one.axis] = (pde.low, pde.high)[1 - one.end][one.axis]
        found = one.residual(at, exact_jets(pde, one.residual, at, parameters), parameters)
        if one.pair:
            found = found - one.residual(other, exact_jets(pde, one.residual, other, parameters), parameters)
        np.testing.assert_allclose(found, 0, atol=1e-8 * max(size, 1))


def test_torch_gives_what_numpy_gives_with_parameters_for_all_or_for_each():
    pde = case("burgers")
    generator = np.random.default_rng(0)
    points, jets = generator.uniform(size=(6, 2)), {jet: generator.normal(size=6) for jet in pde.residual.jets}
    expected = pde.residual(points, jets, np.array([0.05]))
    tensors = {jet: torch.from_numpy(value) for jet, value in jets.items()}
    for parameters in (torch.tensor([0.05], dtype=torch.float64), torch.full((6, 1), 0.05, dtype=torch.float64)):
        found = pde.residual(torch.from_numpy(points), tensors, parameters)
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-14)


def test_periodic_sides_share_slopes_where_there_are_second_derivatives():
    (one,) = [one for one in case("periodic").conditions if one.pair]
    assert one.residual.formulas == tuple(sympy.symbols("u u_x", real=True))


def test_an_environment_without_a_problem_is_refused():
    with pytest.raises(ConfigError, match="declares no PDE"):
        of_facts(Facts())
