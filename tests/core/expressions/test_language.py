"""The language of equations: nothing else is read, and refusals say where."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.errors import DataError
from simplatform.expressions import parse

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


@pytest.mark.filterwarnings("error")
def test_what_python_thinks_of_a_text_is_said_by_the_error_alone():
    with pytest.raises(DataError, match="is no expression"):
        parse("2if x else 1x", ["x"], "here")


def test_refusals_name_the_place_and_what_is_known():
    with pytest.raises(DataError, match=r"equation, at character 5: 'z' is no state.*known are x, y"):
        parse("x + z", ("x", "y"))
    with pytest.raises(DataError, match=r"known are abs, acos"):
        parse("eval(x)", ("x",))
