"""True trajectories: tight-tolerance integration in float64, and the scale that errors are measured in."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.systems import SYSTEMS, find_system
from simplatform.envs.dynamics.systems.double_pendulum import energy
from simplatform.envs.dynamics.truth import measured_scale, trajectory

CHAOTIC = ("lorenz63", "rossler", "chua", "double-pendulum")


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_trajectories_follow_the_right_hand_side(name):
    system = SYSTEMS[name]
    start = system.initial(np.random.default_rng(3))
    h = 1e-3
    before, here, after = trajectory(system, trajectory(system, start, np.array([0, 0.5]))[-1], np.array([0, h, 2 * h]))
    slope = system.field()(h, here)
    np.testing.assert_allclose((after - before) / (2 * h), slope, atol=2e-4 * (1 + np.abs(slope).max()))


def test_the_pendulum_keeps_its_energy_and_its_rods_their_length():
    system = find_system("double-pendulum")
    states = trajectory(system, system.initial(np.random.default_rng(0)), np.linspace(0, 20, 101))
    assert np.ptp(energy(states)) < 1e-6
    np.testing.assert_allclose(states[:, 0] ** 2 + states[:, 1] ** 2, 1, atol=1e-8)
    np.testing.assert_allclose(states[:, 2] ** 2 + states[:, 3] ** 2, 1, atol=1e-8)


def test_small_swings_of_the_pendulum_have_the_known_frequencies():
    # (2 ± √2) g are the squared normal frequencies; the slow mode has angles in the ratio 1 : √2
    system, small = find_system("double-pendulum"), 1e-4
    a, b = small, np.sqrt(2) * small
    start = np.array([np.cos(a), np.sin(a), np.cos(b), np.sin(b), 0, 0])
    time = 2 * np.pi / np.sqrt((2 - np.sqrt(2)) * 9.81)
    np.testing.assert_allclose(trajectory(system, start, np.array([0, time]))[-1], start, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAOTIC)
def test_written_scales_are_the_measured_ones(name):
    np.testing.assert_allclose(SYSTEMS[name].scale, measured_scale(SYSTEMS[name]), rtol=1e-3)
