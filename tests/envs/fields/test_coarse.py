"""The classical solver at any cost: right where it is fine enough, and dearer is better."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from simplatform.contracts import Facts
from simplatform.envs.fields.coarse import coarse_solver, problem_of
from simplatform.envs.fields.grid import resample
from simplatform.errors import ConfigError, UnknownName

NAME = "kuramoto-sivashinsky"


def facts(name=NAME, **parameters):
    return Facts.read({"problem": name, "parameters_set": parameters}, "an environment")


@cache
def frame():
    """Return fields on the problem's own grid, parameters, and the truth one frame later."""
    problem = problem_of(facts())
    start, values = problem.draw(np.random.default_rng(0))
    truth = problem.truth(start[None], values[None], 1)
    return truth[:, 0], values[None], truth[:, 1]


def error(points, substeps, double=True):
    fields, values, truth = frame()
    found = coarse_solver(facts(), points, substeps, double)(fields, values)
    assert found.dtype == fields.dtype
    assert found.shape == fields.shape
    return float((found - truth).norm() / truth.norm())


def test_finer_steps_come_nearer_to_the_truth():
    fine = error(0, 16)
    assert fine < 0.05
    assert error(32, 16) > 2 * fine
    assert error(0, 16, double=False) == pytest.approx(fine, abs=1e-3)


def test_fewer_points_go_through_a_coarser_grid_and_come_back():
    fields, values, _ = frame()
    points = fields.shape[-1] // 2
    found = coarse_solver(facts(), points, 4, True)(fields, values)
    assert torch.allclose(found, resample(resample(found, (points,)), found.shape[2:]), atol=1e-9)


@pytest.mark.parametrize(("points", "substeps"), [(7, 1), (2, 1), (-4, 1), (0, 0)])
def test_grids_that_cannot_be_are_refused(points, substeps):
    with pytest.raises(ConfigError, match=f"got {points} and {substeps}"):
        coarse_solver(facts(), points, substeps)


def test_an_unknown_problem_is_refused():
    with pytest.raises(UnknownName):
        problem_of(facts("no-such-problem"))


def test_parameters_are_as_the_environment_set_them():
    assert problem_of(facts("burgers", viscosity=0.125)).parameters["viscosity"] == 0.125
