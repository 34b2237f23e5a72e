"""Equations as text: only the language is read, values and Jacobians are exact, and a file of them is a task."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
import torch
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

import simplatform as sp
from simplatform.envs.dynamics.equations import VectorField, parse, read_equations
from simplatform.envs.dynamics.equations.environment import EquationsEnv, environments, system_of
from simplatform.envs.dynamics.equations.language import FUNCTIONS
from simplatform.envs.dynamics.systems import LOTKA_VOLTERRA
from simplatform.envs.dynamics.truth import trajectory
from simplatform.errors import ConfigError, DataError

HOSTILE = [
    "__import__('os').system('true')", "x.__class__", "x[0]", "lambda: x", "[x for x in y]", "(x := 1)",
    "x if y else 1",
    "f'{x}'", "'x' * 9", "x @ y", "x // y", "x % y", "~x", "not x", "x < y", "x and y", "exec(x)", "open(x)", "sin(*x)",
    "sin(x, y)", "sin(x=1)", "sin", "sin()", "(sin)(sin)(x)", "x; y", "x\ny", "import os", "x = 1", "*x", "...", "True",
    "1j * x", "b'1'", "9**9**9**9", "2**(10**9)", "x**1000", "1/0", "log(0)", "log(-1)", "sqrt(-1)*x", "1e400", "0/0",
    "z", "e", "", "(", "x)", "\x00", "x" + "+x" * 5000, "(" * 300 + "x" + ")" * 300, "-" * 200 + "x", "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_but_the_language_is_read(text):
    with pytest.raises(DataError, match="equation of x"):
        parse(text, ("x", "y"), "equation of x")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="xy0123456789.+-*/^()e_ ,sincolgtanhbrqm'\"[]{}:=<>@\\", max_size=40))
def test_any_text_is_an_expression_or_refused(text):
    try:
        found = parse(text, ("x", "y"))
    except DataError:
        return
    assert found.free_symbols <= {sympy.Symbol("x", real=True), sympy.Symbol("y", real=True)}


def test_refusals_name_the_place_and_what_is_known():
    with pytest.raises(DataError, match=r"equation, at character 5: 'z' is no state.*known are x, y"):
        parse("x + z", ("x", "y"))
    with pytest.raises(DataError, match=r"known are abs, acos"):
        parse("eval(x)", ("x",))


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


TEXT = """
states = ["x", "y"]
horizon = 5.0
samples = 12
environments = 3
[equations]
x = "alpha*x - beta*x*y"
y = "beta*x*y - 0.5*y"
[parameters]
alpha = 0.5
beta = [0.5, 1.0]
[initial]
x = [1.0, 2.0]
y = [1.0, 2.0]
"""


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.toml").write_text(TEXT)
    return str(tmp_path / "mine.toml")


def test_a_file_gives_the_trajectories_of_its_system(mine):
    equations = read_equations(mine)
    (first, *_), beyond = equations.environments(False), equations.environments(True)
    assert 0.5 < first["beta"] < 1.0
    assert [round(p["beta"], 3) for p in beyond] == [0.425, 1.075]
    ours = trajectory(system_of(equations), np.array([1.5, 1.0]), equations.times(), **first)
    same = {"alpha": 0.5, "beta": first["beta"], "delta": first["beta"], "gamma": 0.5}
    np.testing.assert_allclose(ours, trajectory(LOTKA_VOLTERRA, np.array([1.5, 1.0]), equations.times(), **same))
    assert equations.field.latex()[0].startswith(r"\dot {x} =")
    assert (len(environments({"file": mine}).variants), environments({"file": mine}).episodes) == (3, 12)


def test_it_is_an_environment_and_a_task(mine, tmp_path):
    check_env(EquationsEnv(mine))
    quick = {"policy.degrees": [2], "task.opponents": False}
    run = sp.run("polynomial", "equations", settings={"env.file": mine, **quick}, output=tmp_path / "runs")
    assert run.summary["relative_mse"]["n"] == 12
    assert run.summary["relative_mse"]["value"] < 1e-10
    with pytest.raises(ConfigError, match=r"--set env.file=mine.toml"):
        sp.run("polynomial", "equations", output=tmp_path / "runs")


def test_a_stiff_system_is_integrated_with_its_jacobian(tmp_path):
    text = TEXT.replace('"alpha*x - beta*x*y"', '"-1e5*(x - cos(y))"').replace("samples", 'solver = "radau"\nsamples')
    (tmp_path / "stiff.toml").write_text(text.replace('"beta*x*y - 0.5*y"', '"1 + 0*alpha*beta"'))
    equations = read_equations(str(tmp_path / "stiff.toml"))
    path = trajectory(system_of(equations), np.array([1.0, 0.0]), equations.times(), **equations.environments(False)[0])
    np.testing.assert_allclose(path[1:, 0], np.cos(path[1:, 1]), atol=2e-5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('y = "beta*x*y - 0.5*y"', 'y = "beta*x*z"', r"equation of y, at character 8: 'z' is no state"),
        ('y = "beta*x*y - 0.5*y"', "", r"\[equations\] must name each state once; missing \['y'\]"),
        ("y = [1.0, 2.0]", "y = [2.0, 1.0]", r"\[initial\] y: expected \[least, largest\]"),
        ("horizon = 5.0", "", "horizon: Field required"),
        ("horizon = 5.0", "horizon = -1", "horizon: Input should be greater"),
        ("horizon = 5.0", "horizon = 5.0\nhorison = 1", "horison: Extra inputs"),
        ("alpha = 0.5", "sin = 0.5\nalpha = 0.5", "'sin' cannot name"),
        ("alpha = 0.5", "t = 0.5\nalpha = 0.5", "for a driven system"),
        ("alpha = 0.5", "x = 0.5\nalpha = 0.5", "'x' is used twice"),
        ("alpha = 0.5", "alpha = nan", "alpha"),
        ('states = ["x", "y"]', "states = [", "is no TOML"),
    ],
)  # fmt: skip
def test_a_fault_of_the_file_is_named(old, new, message, tmp_path):
    (tmp_path / "bad.toml").write_text(TEXT.replace(old, new, 1))
    with pytest.raises(DataError, match=message):
        read_equations(str(tmp_path / "bad.toml"))


def test_every_function_of_the_language_has_a_value_and_a_slope():
    for name, (_, count) in FUNCTIONS.items():
        field = VectorField(
            {"x": parse(f"{name}({', '.join(['0.3*x', 'y'][:count])})", ("x", "y")), "y": parse("1", ())}
        )
        x = torch.tensor([[0.9, 0.4]], dtype=torch.float64)
        _, jacobian = field.jacobian(x, {})
        torch.testing.assert_close(jacobian[0], torch.func.jacrev(lambda row, f=field: f(row, {}))(x[0]))
