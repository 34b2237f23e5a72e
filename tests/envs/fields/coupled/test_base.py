"""The square and the iteration that coupled problems share, and the catalogue."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.fields.coupled import Square, find_coupled
from simplatform.envs.fields.coupled.base import iterate
from simplatform.errors import SolverError, UnknownName


def test_the_grid_is_that_of_the_vertices_x_first():
    square = Square(5)
    a, b = square.places
    np.testing.assert_allclose(square.gridded(a), np.repeat(np.linspace(0, 1, 5)[:, None], 5, 1))
    np.testing.assert_allclose(square.nodal(square.gridded(b)), b)


def test_an_iteration_that_runs_away_is_told():
    with pytest.raises(SolverError, match="two fields still change by"):
        iterate(lambda state: 3 * state + 1, np.ones(2), "two fields")


def test_an_unknown_problem_shows_the_near_ones():
    with pytest.raises(UnknownName, match="elder-lite"):
        find_coupled("elder")
