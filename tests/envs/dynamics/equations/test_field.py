"""Values and Jacobians of equations: exact, batched, in NumPy and torch, common parts shared."""

from __future__ import annotations

import math

import numpy as np
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.dynamics.equations import VectorField, parse
from simplatform.expressions.language import FUNCTIONS

TREES = st.recursive(
    st.sampled_from(["x", "y", "p", "2", "0.5", "pi"]),
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from(["+", "-", "*"]), parts).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(st.sampled_from(["sin", "cos", "tanh", "atan", "abs"]), parts).map("{0[0]}({0[1]})".format),
        st.tuples(parts, parts).map("{0[0]} / (2 + cos({0[1]}))".format),
        st.tuples(parts, st.integers(2, 5)).map("({0[0]})^{0[1]}".format),
        st.tuples(parts, parts).map("max({0[0]}, {0[1]})".format),
        parts.map("exp(-({0})^2)".format),
        parts.map("sqrt(1 + ({0})^2)".format),
        parts.map("log(2 + sin({0}))".format),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(TREES, TREES)
def test_values_are_those_of_the_formula_and_jacobians_those_of_autograd(f, g):
    field = VectorField({"x": parse(f, "xyp"), "y": parse(g, "xyp")}, ("p",))
    x = torch.tensor([[0.3, -0.7], [1.1, 0.4]], dtype=torch.float64)
    names = {**{name: getattr(math, name) for name in ("sqrt", "log", "exp", "pi", "atan", "sin", "cos", "tanh")},
             "max": max, "abs": abs}  # fmt: skip
    expected = [
        [eval(text.replace("^", "**"), {}, {**names, "x": a, "y": b, "p": 1.7}) for text in (f, g)]
        for a, b in x.tolist()
    ]
    values, jacobian = field.jacobian(x, {"p": 1.7})
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(field(x.numpy(), {"p": 1.7}), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(field.jacobian(x.numpy(), {"p": 1.7})[1], jacobian.numpy(), rtol=1e-9, atol=1e-9)
    automatic = torch.func.vmap(torch.func.jacrev(lambda row: field(row, {"p": 1.7})))(x)
    if "abs" not in f + g and "max" not in f + g:  # at their kinks both are right
        torch.testing.assert_close(jacobian, automatic, rtol=1e-7, atol=1e-7)


def network(species=20):
    """Return mass-action kinetics of a ring of bimolecular reactions with ranges for nothing."""
    names = [f"s{n}" for n in range(species)]
    rates = {name: [] for name in names}
    for n, name in enumerate(names):
        other, made = names[(n + 3) % species], names[(n + 7) % species]
        for who, sign in ((name, "-"), (other, "-"), (made, "+"), (names[(n + 1) % species], "+")):
            rates[who].append(f"{sign} k*{name}*{other}/(1 + {name}*{other})")
    return {name: parse(" ".join(terms), [*names, "k"]) for name, terms in rates.items()}


def test_a_network_shares_what_is_common_and_knows_what_is_zero():
    field = VectorField(network(), ("k",))
    plain = sum(sympy.count_ops(f) for f in field.expressions) + sum(
        sympy.count_ops(f.diff(s)) for f in field.expressions for s in f.free_symbols if s.name != "k"
    )
    assert field.operations < plain / 3
    assert field.pattern.mean() < 0.5
    x = np.random.default_rng(0).uniform(0.5, 1.5, (3, 20))
    _, jacobian = field.jacobian(x, {"k": 0.7})
    step = 1e-6
    columns = [(field(x + step * e, {"k": 0.7}) - field(x - step * e, {"k": 0.7})) / (2 * step) for e in np.eye(20)]
    np.testing.assert_allclose(jacobian, np.stack(columns, -1), atol=1e-7)
    assert not jacobian[:, ~field.pattern].any()


def test_every_function_of_the_language_has_a_value_and_a_slope():
    for name, (_, count) in FUNCTIONS.items():
        field = VectorField(
            {"x": parse(f"{name}({', '.join(['0.3*x', 'y'][:count])})", ("x", "y")), "y": parse("1", ())}
        )
        x = torch.tensor([[0.9, 0.4]], dtype=torch.float64)
        _, jacobian = field.jacobian(x, {})
        torch.testing.assert_close(jacobian[0], torch.func.jacrev(lambda row, f=field: f(row, {}))(x[0]))
