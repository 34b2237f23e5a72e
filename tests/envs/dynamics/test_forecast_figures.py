"""Pictures of forecasts: portraits and snapshots show what they were given."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.forecast_figures import portraits, snapshots


def paths(dim, count=1, steps=7):
    random = np.random.default_rng(0)
    return [(f"episode {n}", *random.normal(size=(2, steps, dim))) for n in range(count)]


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_a_portrait_is_of_the_first_two_components(dim):
    ((title, truth, forecast),) = shown = paths(dim)
    axis = portraits(shown).axes[0]
    assert axis.get_title() == title
    for line, path in zip(axis.lines, (truth, forecast), strict=True):
        assert np.array_equal(line.get_xdata(), path[:, 0])
        assert np.array_equal(line.get_ydata(), path[:, min(1, dim - 1)])


@pytest.mark.parametrize(("count", "cells"), [(1, 1), (3, 3), (4, 6), (6, 6)])
def test_portraits_stand_in_rows_of_three_and_empty_places_are_blank(count, cells):
    axes = portraits(paths(2, count)).axes
    assert len(axes) == cells
    assert [bool(axis.lines) for axis in axes] == [True] * count + [False] * (cells - count)
    assert not any(axis.axison for axis in axes[count:])


def test_snapshots_are_start_middle_and_end_on_one_scale():
    truth, forecast = np.random.default_rng(0).normal(size=(2, 5, 2, 4, 4))
    axes = snapshots([("field", truth, forecast)]).axes
    wanted = [truth[0], truth[2], forecast[2], truth[4], forecast[4]]
    for axis, field in zip(axes, wanted, strict=True):
        assert np.array_equal(np.asarray(axis.images[0].get_array()), field[0])
        assert axis.images[0].get_clim() == (truth[:, 0].min(), truth[:, 0].max())
    assert axes[0].get_ylabel() == "field"
