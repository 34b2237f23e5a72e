"""Shallow water over a sea bed: a tsunami runs from a hump of water through a basin with walls for shores."""

import numpy as np
import pytest
from scipy.optimize import brentq

from simplatform.envs.mesh.finite_elements.reference import refined
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.problems.shallow_water import HydrostaticHLL, ShallowWater


def test_water_at_rest_stays_at_rest_over_any_bed():
    mesh = generators.generate("coastline", 16)
    problem = ShallowWater([0.5, 0.5], [0.45, 0.55], height=0.0, intervals=2, end=0.1)
    state = problem.advance(mesh, problem.initial(mesh), 0)
    assert np.abs(state - problem.initial(mesh)).max() < 1e-15
    other = generators.generate("coastline", 18)
    assert np.abs(problem.transfer(mesh, state, other) - problem.initial(other)).max() < 1e-14


def test_tsunami_conserves_mass_and_converges():
    problem = ShallowWater([0.4, 0.5], [0.6, 0.5], intervals=2, end=0.1)
    problem.fineness = 2
    coarse = generators.structured_square(16)
    problem.prepare(coarse)
    errors = []
    for mesh in (coarse, refined(coarse)):
        state = start = problem.initial(mesh)
        for interval in range(2):
            state = problem.advance(mesh, state, interval)
        assert mesh.volumes @ state[:, 0] == pytest.approx(mesh.volumes @ start[:, 0], rel=1e-12)
        errors.append(problem.error(mesh, state, 1))
    # Second order, measured against a reference on a mesh twice as fine as the finer one.
    assert 1.4 < np.log2(errors[0] / errors[1]) < 2.6


def test_dam_break_matches_stoker():
    """A dam between depths 0.1 and 0.05 m: height and speed of the middle state solve Stoker's equations."""
    mesh = generators.polygon([np.array([[0, 0], [1, 0], [1, 0.1], [0, 0.1]])], 0.012)
    centres = mesh.points[mesh.cells].mean(axis=1)
    state = np.stack([np.where(centres[:, 0] < 0.5, 0.1, 0.05), *np.zeros((2, len(centres)))], axis=1)
    state = HydrostaticHLL(mesh, lambda points: np.full(points.shape[:-1], -0.1)).run(state, 0.2)
    middle = np.abs(centres[:, 0] - 0.54) < 0.03
    height = brentq(lambda h: 2 * (np.sqrt(9.81 * 0.1) - np.sqrt(9.81 * h))
                    - (h - 0.05) * np.sqrt(9.81 / 2 * (1 / h + 1 / 0.05)), 0.05, 0.1)  # fmt: skip
    speed = 2 * (np.sqrt(9.81 * 0.1) - np.sqrt(9.81 * height))
    assert state[middle, 0].mean() == pytest.approx(height, rel=0.01)
    assert (state[middle, 1] / state[middle, 0]).mean() == pytest.approx(speed, rel=0.04)


def test_arrival_times_at_gauges_converge_to_the_fine_run():
    errors = []
    for n in (12, 24):
        mesh = generators.generate("coastline", n)
        problem = ShallowWater([0.5, 0.5], [0.6, 0.5], intervals=2, end=0.25, fineness=1)
        problem.prepare(mesh)
        state, records = problem.initial(mesh), []
        for interval in range(2):
            state, record = problem.measured(mesh, state, interval)
            assert record.shape[1] == 5
            records.append(record)
        errors.append(problem.quantities(records)["arrival"])
    assert 0 < errors[1] < errors[0] < 0.05
