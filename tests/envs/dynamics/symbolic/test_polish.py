"""Polish notation: what is written is read back, to three digits; what is none is refused with its place."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.dynamics.symbolic.polish import NUMBER, decode, encode, rounded, vocabulary
from simplatform.errors import DataError

NAMES = ("u_0", "u_1")
U, V = (sympy.Symbol(name, real=True) for name in NAMES)
numbers = st.floats(-1e4, 1e4, allow_nan=False).map(lambda x: sympy.Float(rounded(x)))
leaves = st.one_of(st.sampled_from([U, V]), numbers)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]), st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        inner.map(sympy.sin), inner.map(lambda e: e**2),
    ),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(expressions)
def test_what_is_written_is_read_back(e):
    try:
        words = encode([e, V])
    except DataError:  # a product of numbers that is too large, or a power that has no word
        return
    assert set(words) <= set(vocabulary(NAMES))
    once = decode(words, NAMES)
    assert once[1] == V
    again = encode(once)  # numbers have three digits from here on
    assert encode(decode(again, NAMES)) == again


@given(st.floats(-1e8, 1e8, allow_nan=False))
def test_numbers_have_three_digits(x):
    assert rounded(x) == pytest.approx(x, rel=5e-3, abs=1e-7)
    assert rounded(rounded(x)) == rounded(x)


def test_words_are_in_polish_notation_and_numbers_can_be_hidden():
    e = -0.175 * U + sympy.sin(V) ** 2 + 1 / V
    assert " ".join(encode([e])) == "add mul - N175 E-3 u_0 add pow sin u_1 2 inv u_1"
    assert encode([e], hide=True).count(NUMBER) == 1
    assert sympy.simplify(decode(encode([e]), NAMES)[0] - e) == 0
    assert encode([U, sympy.Integer(0)]) == ["u_0", "|", "+", "N000", "E0"]


@pytest.mark.parametrize(
    "words", ["add u_0", "u_0 u_1", "mul", "+ N100", "+ E0 N100", "pow u_0 u_1", "inv + N000 E0", "<number>", "u_2"]
)
def test_what_is_no_expression_is_refused(words):
    with pytest.raises(DataError):
        decode(words.split(), NAMES)


@pytest.mark.parametrize("e", [U**7, U**V, sympy.gamma(U), sympy.Float(1e40), sympy.oo])
def test_what_has_no_words_is_refused(e):
    with pytest.raises(DataError):
        encode([e])
