"""Code from a vector field: sources and compiled C say what the field says; common parts are computed once."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from simplatform.envs.dynamics.equations.codegen import Compiled, c_source, python_source
from simplatform.envs.dynamics.equations.field import VectorField
from simplatform.expressions.language import parse

TEXTS = {"x": "a*x - x*y*exp(-z) + sin(x*y)", "y": "x*y/(1 + z**2) - abs(y)", "z": "tanh(x*y) - b*max(z, x) + x**3"}
VALUES = {"a": 0.7, "b": 1.3}


def field_of(texts, parameters):
    names = (*texts, *parameters)
    return VectorField({name: parse(text, names) for name, text in texts.items()}, parameters)


@pytest.fixture
def field():
    return field_of(TEXTS, ("a", "b"))


@pytest.fixture
def states():
    return np.random.default_rng(0).normal(size=(4, 5, 3))


def test_python_says_what_the_field_says_and_needs_numpy_alone(field, states):
    space = {}
    exec(compile(python_source(field, "found by a test"), "made", "exec"), space)  # our own text, as a user runs it
    slopes, jacobian = field.jacobian(states, VALUES)
    np.testing.assert_allclose(space["field"](states, [0.7, 1.3]), slopes, rtol=1e-13)
    np.testing.assert_allclose(space["jacobian"](states, [0.7, 1.3]), jacobian, rtol=1e-12, atol=1e-14)


def test_compiled_c_says_what_the_field_says(field, states):
    compiled = Compiled(field)
    slopes, jacobian = field.jacobian(states, VALUES)
    found = compiled.jacobian(states, VALUES)
    np.testing.assert_allclose(found[0], slopes, rtol=1e-13)
    np.testing.assert_allclose(found[1], jacobian, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(compiled(states[0, 0], VALUES), slopes[0, 0], rtol=1e-13)


def test_no_name_of_a_user_is_in_the_code(field):
    source = c_source(field_of({"system": "system * rm", "rm": "-system"}, ()))
    assert "system" not in source.split("#include")[1]
    assert "rm" not in source.split("#include")[1]
    assert c_source(field).count("sin(") == 2  # once with the Jacobian, once without


def network(species):
    """Return mass action in a chain of dimers: A_i + A_j -> A_k, rates of their own."""
    names = [f"s{i}" for i in range(species)]
    rates = {name: [] for name in names}
    for i in range(species):
        j, k = (i + 1) % species, (i + 3) % species
        flux = f"k{i}*{names[i]}*{names[j]}"
        rates[names[i]].append(f"-{flux}")
        rates[names[j]].append(f"-{flux}")
        rates[names[k]].append(f"+{flux} - 0.1*{names[k]}")
    return field_of({name: " ".join(parts) for name, parts in rates.items()}, tuple(f"k{i}" for i in range(species)))


def test_twenty_species_have_an_exact_jacobian_and_share_their_fluxes():
    field, random = network(20), np.random.default_rng(1)
    x, values = random.uniform(0.5, 1.5, 20), {f"k{i}": float(k) for i, k in enumerate(random.uniform(0.5, 2, 20))}
    _, jacobian = Compiled(field).jacobian(x, values)
    step, eye = 1e-6, np.eye(20)
    plain = sum(sympy.count_ops(f) for f in field.expressions) + sum(
        sympy.count_ops(f) for f in field.slopes().values()
    )
    numeric = (field(x + step * eye, values) - field(x - step * eye, values)) / (2 * step)
    np.testing.assert_allclose(jacobian, numeric.T, atol=1e-7)
    assert field.operations * 1.5 < plain
    assert field.pattern.sum() < 0.4 * field.pattern.size
