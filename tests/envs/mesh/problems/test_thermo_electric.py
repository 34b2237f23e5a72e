"""Thermo-electric problem with two-way coupling: Joule heat warms a conductor."""

import numpy as np

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.problems.thermo_electric import ThermoElectric


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
