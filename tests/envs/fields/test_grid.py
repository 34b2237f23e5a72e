"""Periodic grids: transforms, derivatives, change of resolution."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.fields.grid import Grid, resample
from simplatform.errors import ConfigError


@given(dim=st.integers(1, 3), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_transform_and_inverse_undo_each_other(dim, seed):
    grid = Grid((8, 12, 6)[:dim], (1.0, 2.0, 3.0)[:dim])
    u = torch.randn(2, 3, *grid.points, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    torch.testing.assert_close(grid.inverse(grid.transform(u)), u)


@pytest.mark.parametrize("axis", [0, 1])
def test_waves_differentiate(axis):
    grid = Grid((16, 20), (2.0, 5.0))
    place, length = grid.places()[axis], grid.lengths[axis]
    u = torch.sin(2 * math.pi * 3 * place / length)
    slope = grid.inverse(1j * grid.waves[axis] * grid.transform(u))
    torch.testing.assert_close(slope, 6 * math.pi / length * torch.cos(2 * math.pi * 3 * place / length))


@given(have=st.sampled_from([8, 10, 16]), factor=st.sampled_from([2, 3, 4]), dim=st.integers(1, 2))
@settings(max_examples=20, deadline=None)
def test_a_finer_grid_holds_the_same_function(have, factor, dim):
    generator = torch.Generator().manual_seed(have * factor)
    u = torch.randn(*(have,) * dim, generator=generator, dtype=torch.float64)
    band = resample(resample(u, (have - 2,) * dim), (have,) * dim)  # without the Nyquist mode
    fine = resample(band, (have * factor,) * dim)
    torch.testing.assert_close(fine[(slice(None, None, factor),) * dim], band)
    torch.testing.assert_close(resample(fine, (have,) * dim), band)


def test_kept_modes_hold_no_alias_of_a_product():
    grid = Grid((24,), (2 * math.pi,))
    for power in (2, 3):
        most = int(grid.waves[0][grid.kept(power)].max())
        assert 24 - power * most > most  # what the product folds back lies above all that is kept
        assert 24 - power * (most + 1) <= most + 1


@pytest.mark.parametrize(("points", "lengths"), [((7,), (1.0,)), ((8, 8), (1.0,)), ((8,), (0.0,)), ((2,), (1.0,))])
def test_what_is_no_grid_is_refused(points, lengths):
    with pytest.raises(ConfigError, match="grid"):
        Grid(points, lengths)
