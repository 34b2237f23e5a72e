"""Loops are compiled with what they call of their own module."""

from __future__ import annotations

from simplatform.envs.manipulation.vision.compiling import compiled


def add_up(values):
    total = 0.0
    for value in values:
        total += twice(value)
    return total


def twice(value):
    return 2 * value


def test_a_function_is_compiled_with_what_it_calls():
    import numpy as np

    assert compiled(add_up)(np.arange(4.0)) == add_up([0.0, 1.0, 2.0, 3.0]) == 12.0
    assert compiled(add_up) is compiled(add_up)
    assert not hasattr(add_up, "signatures")
