"""What recorded times say: their own resolution, whether they are even, where something is missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.dynamics.recorded.clock import evened, resolution, step_of


@settings(max_examples=60, deadline=None)
@given(
    step=st.floats(1e-6, 1e6), start=st.floats(-1e6, 1e6), decimals=st.integers(0, 6), size=st.integers(8, 60),
)  # fmt: skip
def test_rounding_is_no_unevenness(step, start, decimals, size):
    """Times rounded to a tenth of their step or finer are even, whatever their unit and origin."""
    times = np.round(start + step * np.arange(size), decimals)
    if 10.0**-decimals <= 0.1 * step:
        assert step_of(times) == pytest.approx(step, rel=0.05)


def test_the_resolution_is_that_of_the_digits():
    assert resolution(np.array([0.0, 0.033, 0.067])) == 1e-3
    assert resolution(np.array([0.0, 0.1, 1 / 3])) < 1e-12
    even = evened("file", np.array([0.0, 1, 2, 3]), np.zeros((4, 1)))
    assert even.step == 1
    assert evened("file", np.array([0.0, 1, 3, 4]), np.zeros((4, 1))).said[0].startswith("sampled unevenly")
