"""Recordings of fields: steps as far as digits tell, and what was understood in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplatform.envs.fields.files.recording import FieldRecording, even_step
from simplatform.errors import DataError


def recording(**more):
    fields = np.arange(24, dtype=np.float32).reshape(2, 3, 1, 4)
    whole = {
        "count": 2, "frames": 3, "points": (4,), "channels": ("u",), "dt": 0.5, "lengths": (2.0,), "periodic": (True,),
        "parameters": np.zeros((2, 0)), "names": (), "read": lambda number: fields[number], "layout": "npz",
    }  # fmt: skip
    return FieldRecording(**{**whole, **more})


@given(start=st.floats(-1e3, 1e3), step=st.floats(1e-3, 1e3), count=st.integers(2, 50))
def test_the_step_is_found_in_single_precision_too(start, step, count):
    times = (start + step * np.arange(count)).astype(np.float32)
    if (np.diff(times) > 0).all():
        rounding = 8 * float(np.spacing(np.abs(times).max()))
        assert even_step(times, "t") == pytest.approx(step, rel=2e-3, abs=rounding)


@pytest.mark.parametrize("times", [[1.0], [0, 1, 1], [2, 1, 0], [0, np.nan, 2], [0, np.inf]])
def test_what_does_not_rise_is_refused(times):
    with pytest.raises(DataError, match="t must be at least two rising numbers"):
        even_step(np.array(times), "t")


def test_uneven_steps_are_named():
    with pytest.raises(DataError, match=r"evenly spaced; steps run from 1 to 1\.1"):
        even_step(np.array([0, 1, 2.1]), "t")


def test_a_trajectory_is_read_when_it_is_asked_for():
    asked = []

    def read(number):
        asked.append(number)
        return np.full((3, 1, 4), number, np.float32)

    held = recording(read=read)
    assert asked == []
    assert held.trajectory(1)[0, 0, 0] == 1
    assert asked == [1]


def test_values_that_are_not_finite_are_named_by_frame():
    fields = np.ones((3, 1, 4), np.float32)
    fields[2, 0, 1] = np.inf
    with pytest.raises(DataError, match="trajectory 0, frame 2"):
        recording(read=lambda number: fields).trajectory(0)


def test_what_was_understood_is_said():
    assert dict(recording().lines()) == {
        "layout": "npz", "trajectories": "2 of 3 frames, 0.5 apart", "grid": "4 points; lengths 2; periodic",
        "channels": "u", "parameters": "none",
    }  # fmt: skip
    box = dict(recording(points=(4, 8), lengths=None, periodic=(True, False), names=("nu",)).lines())
    assert box["grid"] == "4 × 8 points; lengths not in the file; periodic, bounded"
    assert box["parameters"] == "nu"
