"""One series from a file: evenly sampled states, and what was understood of them."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.recorded import read_series
from simplatform.errors import DataError
from tests.envs.dynamics.recorded.dresses_cases import COLUMNS, DRESSES, HEAD, STATES, TIMES, pendulum, table


@pytest.mark.parametrize("dress", DRESSES)
def test_the_states_are_those_of_the_plain_file(dress, tmp_path):
    header, columns, how = DRESSES[dress]
    found = read_series(table(tmp_path / "s.csv", header, columns, **how))
    np.testing.assert_allclose(found.states, STATES, rtol=1e-11)
    assert found.names == ("x", "v")
    assert found.step == pytest.approx(0.025, rel=1e-9)
    assert f"{400} samples, 0.025 apart" in found.said


def test_what_was_understood_is_said(tmp_path):
    header, columns, how = DRESSES["semicolons"]
    said = read_series(table(tmp_path / "s.csv", header, columns, **how)).said
    assert {"columns are separated by ';'", "decimal commas"} < set(said)
    header, columns, how = DRESSES["pandas' index"]
    said = read_series(table(tmp_path / "i.csv", header, columns, **how)).said
    assert "the column '' counts the rows and is left out" in said
    header, columns, how = DRESSES["time and units"]
    said = read_series(table(tmp_path / "u.csv", header, columns, **how)).said
    assert "units: t in s, x in rad, v in rad/s" in said


def test_times_in_milliseconds_at_thirty_frames_are_even(tmp_path):
    times = np.arange(800) / 30
    path = table(tmp_path / "s.csv", HEAD, [times, *pendulum(times).T], forms=["%.3f", "%.12g", "%.12g"])
    assert read_series(path).step == pytest.approx(1 / 30, rel=1e-5)


def test_float32_and_dates_are_even(tmp_path):
    times = np.linspace(0, 25, 1000).astype(np.float32)
    np.savez(tmp_path / "s.npz", x=pendulum(25 / 999 * np.arange(1000)).astype(np.float32), t=times)
    assert read_series(str(tmp_path / "s.npz")).step == pytest.approx(25 / 999, rel=1e-6)
    dates = [f"2024-02-29 23:59:{30 + n // 4}.{25 * (n % 4):02d}" for n in range(100)]
    rows = "\n".join(f"{date},{x:.9g}" for date, x in zip(dates, STATES[:, 0], strict=False))
    (tmp_path / "d.csv").write_text("timestamp,x\n" + rows)
    assert read_series(str(tmp_path / "d.csv")).step == pytest.approx(0.25)


def test_uneven_samples_are_resampled_and_said(tmp_path):
    times = TIMES + np.r_[0, np.random.default_rng(0).uniform(-0.008, 0.008, 399)]
    found = read_series(table(tmp_path / "s.csv", HEAD, [times, *pendulum(times).T]))
    assert any("sampled unevenly" in line and "cubic spline" in line for line in found.said)
    np.testing.assert_allclose(found.states, pendulum(times[0] + found.step * np.arange(400)), atol=1e-5)


def test_nothing_is_made_up_across_a_gap(tmp_path):
    kept = np.r_[0:100, 140:400]
    found = read_series(table(tmp_path / "s.csv", HEAD, [c[kept] for c in COLUMNS]))
    np.testing.assert_allclose(found.states, STATES[140:], rtol=1e-11)
    assert any("1 gap (the first after sample 100" in line for line in found.said)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t,x,v\n0,1,2\n1,,2\n2,1,2\n", "line 3: the column 'x' has no value"),
        ("t,x,v\n0,1,2\n\n1,2,NaN\n2,1,2\n", "line 4: the column 'v' has no value"),
        ("t,x\n0,1\n1,inf\n2,1\n", "line 3: the column 'x' holds 'inf', which is not finite"),
        ("t,x\n0,1\n1,1e\n2,1\n", "line 3: the column 'x' holds '1e', not a number"),
        ("t,x,x\n0,1,1\n1,1,1\n2,1,1\n", "2 columns are called 'x'"),
        ('t,x\n0,"1\n1,1\n2,1\n', "a quote is opened there or after, and never closed"),
        (",t,x\n5,0,1\n7,1,1\n6,2,1\n", "has no name"),
        ("t\n0\n1\n2\n", "found none"),
    ],
)
def test_a_fault_is_named_by_its_line_and_column(text, message, tmp_path):
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_series(str(tmp_path / "s.csv"))
