"""Attractors of dysts: their equations are the package's, their dimension and step are its cards'."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.catalogue import PREFIX, names
from simplatform.envs.dynamics.systems.attractors import PER_PERIOD, attractor
from simplatform.envs.dynamics.systems.lorenz63 import LORENZ63
from simplatform.envs.dynamics.truth import trajectory
from simplatform.errors import UnknownName

pytest.importorskip("dysts", reason="dysts comes with simplatform[dynamics]")


def test_lorenz_is_our_lorenz():
    theirs, state = attractor("Lorenz"), np.array([1.0, 2.0, 3.0])
    ours = LORENZ63.rhs(0.0, state, {"sigma": 10.0, "rho": 28.0, "beta": 8 / 3})
    assert theirs.rhs(0.0, state, {}) == pytest.approx(ours, rel=1e-3)
    assert theirs.dim == 3
    assert theirs.lyapunov == pytest.approx(0.9, abs=0.1)


def test_a_system_by_hand():
    # Rössler (1976): x' = −y − z, y' = x + a y, z' = b + z (x − c) with a = b = 0.2, c = 5.7.
    x, y, z = state = np.array([1.0, -2.0, 0.5])
    wanted = [-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)]
    assert attractor("Rossler").rhs(0.0, state, {}) == pytest.approx(wanted)


@pytest.mark.parametrize("name", ["Aizawa", "HyperRossler", "Thomas"])
def test_starts_lie_around_the_packages_own_and_stay_bounded(name):
    system = attractor(name)
    low, high = np.array(system.low), np.array(system.high)
    assert len(low) == len(high) == system.dim
    assert bool((low < high).all())
    path = trajectory(system, (low + high) / 2, system.dt * np.arange(PER_PERIOD))
    assert np.isfinite(path).all()
    assert bool((np.ptp(path, axis=0) > 0).all()), "within a period everything moves"


def test_a_name_is_found_once_and_a_miss_shows_near_ones():
    assert attractor("Lorenz") is attractor("Lorenz")
    assert PREFIX + "MackeyGlass" not in names(), "systems with delays are left out"
    with pytest.raises(UnknownName, match=r"unknown system 'dysts/Lorentz'.*Did you mean dysts/Lorenz"):
        attractor("Lorentz")
