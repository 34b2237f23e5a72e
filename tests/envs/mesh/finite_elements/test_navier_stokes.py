"""Incompressible Navier–Stokes in two dimensions by Taylor–Hood elements (P2 velocity, P1 pressure)."""

from itertools import pairwise

import numpy as np

from simplatform.envs.mesh.finite_elements.navier_stokes import TaylorHood
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.mesh import Mesh


def developing(n):
    """A channel whose inflow is no parabola, so that neither space nor time is resolved exactly."""

    def profile(points):
        return np.stack([0.3 * np.sin(np.pi * points[:, 1] / 0.41) ** 2, 0 * points[:, 0]], axis=1)

    square = generators.structured_square(n)
    return TaylorHood(Mesh(square.points * 0.41, square.cells), 1e-2, profile)


def test_velocity_converges_with_the_third_order_in_space():
    flows = {n: developing(n) for n in (4, 8, 16)}
    coarse = {n: flow.speed(flow.steady()).reshape(n + 1, n + 1)[:: n // 4, :: n // 4] for n, flow in flows.items()}
    changes = [np.abs(coarse[a] - coarse[b]).max() for a, b in ((4, 8), (8, 16))]
    assert 2.7 < np.log2(changes[0] / changes[1]) < 4.3


def test_velocity_converges_with_the_second_order_in_time():
    flow, ends = developing(4), []
    for steps in (16, 32, 64):
        before, now = None, flow.creeping()
        for _ in range(steps):
            before, now = now, flow.step(now, before, 0.8 / steps)
        ends.append(flow.speed(now))
    changes = [np.abs(a - b).max() for a, b in pairwise(ends)]
    assert 1.7 < np.log2(changes[0] / changes[1]) < 2.6
