"""A file of equations: checked, spread over its ranges, faults named by their place."""

from __future__ import annotations

import pytest

from simplatform.envs.dynamics.equations import read_equations
from simplatform.errors import DataError
from tests.envs.dynamics.equations.conftest import TEXT


def test_systems_are_spread_over_the_ranges_and_two_lie_beyond(mine):
    equations = read_equations(mine)
    found = [values["beta"] for values in equations.environments(False)]
    assert len(set(found)) == 3
    assert all(0.5 < beta < 1.0 for beta in found)
    assert [round(values["beta"], 3) for values in equations.environments(True)] == [0.425, 1.075]
    assert {values["alpha"] for values in equations.environments(False)} == {0.5}
    assert equations.field.latex()[0].startswith(r"\dot {x} =")
    assert equations.said()[0] == "2 states: x, y; 2 parameters, 1 of them with a range"


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
        ('states = ["x", "y"]', "states = [", "not a readable file of equations"),
    ],
)  # fmt: skip
def test_a_fault_of_the_file_is_named(old, new, message, tmp_path):
    (tmp_path / "bad.toml").write_text(TEXT.replace(old, new, 1))
    with pytest.raises(DataError, match=message):
        read_equations(str(tmp_path / "bad.toml"))
