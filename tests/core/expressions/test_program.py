"""Programs give what the formula says, in NumPy and torch alike, and compute what is common once."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch

from simplatform.expressions import Program, parse
from simplatform.expressions.program import slope

X, Y = sympy.symbols("x y", real=True)


def test_a_program_is_its_formula_in_numpy_and_torch():
    program = Program([X, Y], [parse("sin(x*y)**2 + sqrt(1 + y^2)", "xy"), parse("atan2(y, x) - 3", "xy")])
    x, y = np.random.default_rng(0).uniform(0.5, 2, (2, 5))
    expected = [np.sin(x * y) ** 2 + np.sqrt(1 + y**2), np.arctan2(y, x) - 3]
    np.testing.assert_allclose(program([x, y]), expected, rtol=1e-14)
    found = program([torch.from_numpy(x), torch.from_numpy(y)])
    np.testing.assert_allclose([one.numpy() for one in found], expected, rtol=1e-14)


def test_what_is_common_is_computed_once():
    alone = Program([X, Y], [parse("exp(sin(x*y))", "xy")]).operations
    assert Program([X, Y], [parse("exp(sin(x*y))", "xy")] * 3).operations == alone


def test_a_constant_output_is_a_plain_number():
    assert Program([X], [sympy.Integer(3)])([np.zeros(2)]) == [3.0]


@pytest.mark.parametrize("text", ["sign(x)", "abs(x)", "max(x, y)"])
def test_the_slope_of_a_kink_is_finite_beside_it(text):
    found = Program([X, Y], [slope(parse(text, "xy"), X)])([np.array([-1.0, 2.0]), np.zeros(2)])
    assert np.isfinite(np.broadcast_to(found[0], 2)).all()
