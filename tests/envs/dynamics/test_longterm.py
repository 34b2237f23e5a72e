"""Long-term statistics: they do not see a shift in time, and see another rhythm, another place, a path that left."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.longterm import measure_distance, spectrum_distance

TIMES = np.linspace(0, 400, 8000)
SINE = np.stack([np.sin(TIMES), np.cos(TIMES)], 1)


def test_a_shift_in_time_is_no_error():
    shifted = np.stack([np.sin(TIMES + 1), np.cos(TIMES + 1)], 1)
    assert spectrum_distance(shifted, SINE) < 0.02
    assert measure_distance(shifted, SINE) < 0.02


def test_another_rhythm_and_another_place_are():
    faster = np.stack([np.sin(2 * TIMES), np.cos(2 * TIMES)], 1)
    assert spectrum_distance(faster, SINE) > 0.9
    assert measure_distance(faster, SINE) < 0.02
    assert measure_distance(SINE + 1, SINE) == pytest.approx(np.sqrt(2), rel=0.01)  # a shift of one, spread 1/√2


def test_what_left_is_as_far_as_can_be():
    gone = SINE.copy()
    gone[-1] = np.nan
    assert (spectrum_distance(gone, SINE), measure_distance(gone, SINE)) == (1.0, 10.0)
    assert measure_distance(1e5 * SINE, SINE) == 10.0
    assert spectrum_distance(np.full_like(SINE, 0.3), SINE) > 0.9
