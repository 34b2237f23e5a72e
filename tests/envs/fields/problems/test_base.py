"""Field problems: parameters are numbers or ranges, starts do not depend on the grid, truth is finer and settled."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from simplatform.envs.fields.equations.advection_diffusion import AdvectionDiffusion
from simplatform.envs.fields.grid import Grid
from simplatform.envs.fields.problems.base import FieldProblem
from simplatform.errors import ConfigError

LENGTH = 2 * math.pi


def start(random, grid):
    return torch.sin(grid.places()[0])[None] * random.uniform(1, 2)


def problem(**more):
    whole = {
        "name": "heat", "equation": AdvectionDiffusion, "grid": Grid((16,), (LENGTH,)), "frame": 0.1, "substeps": 2,
        "start": start, "parameters": {"velocity": 0.0}, "ranges": {"diffusivity": (0.1, 0.5)},
    }  # fmt: skip
    return FieldProblem(**{**whole, **more})


PARAMETERS = tuple(AdvectionDiffusion.defaults)


def test_numbers_fix_and_ranges_free_a_parameter():
    name = PARAMETERS[0]
    fixed = problem(parameters={}, ranges={name: (0.0, 1.0)}).changed(None, **{name: 2})
    assert (dict(fixed.parameters), dict(fixed.ranges)) == ({name: 2.0}, {})
    free = fixed.changed(None, **{name: [1, 3]})
    assert (dict(free.parameters), dict(free.ranges)) == ({}, {name: (1.0, 3.0)})
    assert free.changed(32).grid == Grid((32,), (LENGTH,))


@pytest.mark.parametrize(
    ("value", "message"),
    [([2, 1], r"a range rises, got \[2\.0, 1\.0\]"), ([1, 1], "a range rises"), ("much", "must be a number or a range"),
     ([1, 2, 3], "must be a number or a range"), (True, "must be a number or a range")],
)  # fmt: skip
def test_what_is_no_range_is_refused(value, message):
    with pytest.raises(ConfigError, match=message):
        problem().changed(None, **{PARAMETERS[0]: value})


def test_an_unknown_parameter_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"heat has no parameter 'colour'; it has"):
        problem().changed(None, colour=1)


def test_draws_are_on_the_fine_grid_within_ranges_and_repeat():
    found = problem(finer=3)
    fields, values = found.draw(np.random.default_rng(0))
    assert fields.shape == (1, 48)
    assert 0.1 <= float(values) <= 0.5
    again = found.draw(np.random.default_rng(0))
    assert torch.equal(fields, again[0])
    assert torch.equal(values, again[1])


def test_truth_is_the_exact_decay_of_a_wave_after_its_burn_in():
    nu = torch.tensor([[0.2], [0.4]], dtype=torch.float64)
    wave = torch.sin(Grid((32,), (LENGTH,)).places()[0])[None, None].expand(2, 1, 32)
    found = problem(burn_in=3).truth(wave, nu, 4)
    assert found.shape == (2, 5, 1, 16)
    times = 0.1 * (3 + torch.arange(5, dtype=torch.float64))
    wanted = torch.exp(-nu[:, :, None] * times[:, None]) * torch.sin(Grid((16,), (LENGTH,)).places()[0])
    assert torch.allclose(found[:, :, 0], wanted, atol=1e-10)


def test_a_solver_on_other_points_takes_other_steps():
    nu = torch.tensor([[0.2]], dtype=torch.float64)
    coarse = problem().solver(nu, (8,), substeps=5)
    assert (coarse.equation.grid.points, coarse.substeps) == ((8,), 5)
    assert problem().solver(nu).equation.grid.points == (32,)
    assert problem().solver(nu).substeps == 2
