"""Names of derivatives, and formulas of them."""

from __future__ import annotations

import pytest

from simplatform.envs.meshfree.document import parsed
from simplatform.envs.meshfree.jets import Reading
from simplatform.errors import DataError
from tests.envs.meshfree.cases import ROBIN


@pytest.fixture
def reading():
    return Reading(parsed(ROBIN, "robin", "robin"))


def test_mixed_derivatives_are_one_whatever_their_order(reading):
    found = reading.residual("u_xy - u_yx + u_yxx", "test")
    assert reading.jets_of([found]) == [(0, (0, 0, 1))]
    assert str(found) == "u_xxy"


def test_definitions_are_filled_in(reading):
    assert str(reading.data("2*e", "test")) == "2*exp(x)*cos(y)"


@pytest.mark.parametrize("text", ["u_z", "u_xxxxx", "v_x", "u_", "__import__('os')"])
def test_what_is_no_derivative_is_refused_with_its_place(reading, text):
    with pytest.raises(DataError, match="robin: test, at character"):
        reading.residual(text, "test")


def test_data_hold_no_unknowns(reading):
    with pytest.raises(DataError, match="u_x"):
        reading.data("u_x", "boundary u")
