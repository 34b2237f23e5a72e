"""Problems beyond the elliptic ones: convergence orders, conservation, exact solutions, and carrying over to another
mesh.
"""

import numpy as np
import pytest
from scipy.optimize import brentq

from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.finite_elements.reference import Reference, refined
from simplatform.envs.mesh.finite_elements.transfer import cellwise, conservative
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.problems.burgers import Burgers
from simplatform.envs.mesh.problems.heat import Heat
from simplatform.envs.mesh.problems.shallow_water import HydrostaticHLL, ShallowWater
from simplatform.envs.mesh.problems.swirl import Swirl
from simplatform.envs.mesh.problems.thermo_electric import ThermoElectric


def final_error(problem, mesh):
    state = problem.initial(mesh)
    for interval in range(problem.intervals):
        state = problem.advance(mesh, state, interval)
    return problem.error(mesh, state, problem.intervals - 1)


def order(make, sizes):
    coarse, fine = (final_error(make(n), generators.structured_square(n)) for n in sizes)
    return np.log2(coarse / fine)


def wave(points, time):
    """A travelling wave that solves the two Burgers equations exactly with ν = 1/50 (Bahadır, 2003)."""
    z = 1 / (1 + np.exp((-4 * points[:, 0] + 4 * points[:, 1] - time) * 50 / 32))
    return np.stack([0.75 - 0.25 * z, 0.75 + 0.25 * z], axis=1)


PEAKS = np.array([[1, 0.4, 0.5, 0.04], [0.7, 0.7, 0.6, 0.03]])


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (lambda n: Heat(PEAKS, intervals=4, substeps=n // 8), (8, 16)),
        (lambda n: Burgers(np.zeros((1, 2)), 1 / 50, end=0.5, intervals=(n // 8) ** 2 * 4, exact=wave), (8, 16)),
        (lambda n: Swirl([0.3, 0.3], 0.1, intervals=2, end=0.2), (16, 32)),
    ],
    ids=["heat", "burgers", "swirl"],
)
def test_second_order_in_space(make, sizes):
    assert 1.7 < order(make, sizes) < 2.3


def test_thermo_electric_converges_to_the_fine_grid():
    problem = ThermoElectric.sample(np.random.default_rng(5), np.zeros(2), np.ones(2))
    problem.solve(generators.structured_square(14))
    errors = [problem.error(mesh, problem.solve(mesh)) for mesh in map(generators.structured_square, (5, 10))]
    assert 1.7 < np.log2(errors[0] / errors[1]) < 2.3


def test_joule_heat_lowers_the_current():
    """Two-way coupling: with α = 0 the conductor stays conductive and gets hotter."""
    warm = ThermoElectric.sample(np.random.default_rng(1), np.zeros(2), np.ones(2))
    constant = ThermoElectric(warm.inclusions, warm.voltage, alpha=0.0)
    mesh = generators.structured_square(8)
    assert constant.solve(mesh).max() > warm.solve(mesh).max() > 0


def test_swirl_conserves_mass_and_returns():
    problem, mesh = Swirl([0.3, 0.3], 0.06, intervals=4), generators.square(10)
    state = problem.initial(mesh)
    before = mesh.volumes @ state.mean(axis=1)
    for interval in range(4):
        state = problem.advance(mesh, state, interval)
    assert mesh.volumes @ state.mean(axis=1) == pytest.approx(before, rel=1e-10)
    points = np.random.default_rng(0).random((50, 2))
    assert np.allclose(problem.exact(points, 1.0), problem.peak(points))


def test_swirl_characteristics_run_back():
    problem, points = Swirl([0.3, 0.3], 0.06), np.random.default_rng(0).random((20, 2))
    assert np.allclose(problem.exact(points, 0.3), problem.exact(points, 0.7), atol=1e-12)
    assert np.allclose(problem.exact(points, 0.3, 100), problem.exact(points, 0.3, 200), atol=1e-5)


def test_conservative_interpolation():
    old, new = generators.square(10, seed=0), generators.square(13, seed=3)
    values = np.sin(5 * old.points[:, 0]) * old.points[:, 1]
    carried = conservative(old, values, new)
    assert P1(new).integral(carried) == pytest.approx(P1(old).integral(values), abs=1e-14)
    assert np.abs(carried - np.sin(5 * new.points[:, 0]) * new.points[:, 1]).max() < 0.1
    plane = old.points @ np.array([2.0, 1.0])
    assert np.allclose(conservative(old, plane, new), new.points @ np.array([2.0, 1.0]))
    vector = np.stack([values, plane], axis=1)
    assert np.allclose(conservative(old, vector, new)[:, 0], carried)


def test_cellwise_transfer_is_exact_for_planes_and_conservative():
    old, new = generators.square(9, seed=0), generators.square(11, seed=3)
    assert np.allclose(cellwise(old, old.points[old.cells] @ [2.0, 1.0], new), new.points[new.cells] @ [2.0, 1.0])
    rough = np.random.default_rng(0).random((len(old.cells), 3))
    carried = cellwise(old, rough, new)
    assert new.volumes @ carried.mean(axis=1) == pytest.approx(old.volumes @ rough.mean(axis=1))


def test_refinement_keeps_area_and_orientation():
    mesh = generators.generate("hole", 10)
    fine = refined(mesh, 2)
    assert len(fine.cells) == 16 * len(mesh.cells)
    assert fine.volumes.min() > 0
    assert fine.volumes.sum() == pytest.approx(mesh.volumes.sum())
    values = mesh.points @ np.array([1.0, 2.0])
    assert Reference(P1(fine), fine.points @ np.array([1.0, 2.0])).error(mesh, values) < 1e-14


@pytest.mark.parametrize(("problem", "steps"), [("heat", 10), ("swirl", 20)])
def test_unsteady_environments_run_to_the_end(problem, steps):
    env = MeshMovement(problem=problem, n=7)
    observation, _ = env.reset(seed=0)
    for step in range(steps):
        observation, _, terminated, truncated, info = env.step(np.zeros_like(observation["points"]))
        assert terminated == (step == steps - 1)
        assert not truncated
    # Nothing moved, so carrying the solution over must not have changed it.
    assert abs(info["error_reduction"]) < 1e-8


def test_an_unsteady_run_that_tangles_is_truncated_and_reported():
    env = MeshMovement(problem="heat", n=7, limiter=False)
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step(env.action_space.sample())
    assert (reward, terminated, truncated) == (-1.0, False, True)
    assert np.isnan(info["error_reduction"])


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
