"""The Kuramoto–Sivashinsky equation u_t = −u u_x − u_xx − u_xxxx on a periodic interval of length 22."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.systems import kuramoto_sivashinsky as ks


def test_kuramoto_sivashinsky_converges_with_fourth_order_and_keeps_its_mean():
    start = ks.KURAMOTO_SIVASHINSKY.initial(np.random.default_rng(1)) + 0.3
    times = np.array([0.0, 10.0])
    reference = ks.solve(start, times, step=0.00125)[-1]
    errors = [np.abs(ks.solve(start, times, step=step)[-1] - reference).max() for step in (0.05, 0.02, 0.01)]
    orders = np.diff(np.log(errors)) / np.log([0.02 / 0.05, 0.01 / 0.02])
    assert (orders > 3.5).all(), (orders, errors)
    assert errors[0] < 1e-4
    assert reference.mean() == pytest.approx(start.mean(), abs=1e-12)


def test_kuramoto_sivashinsky_grows_and_decays_by_its_dispersion_relation():
    x, k = ks.LENGTH * np.arange(ks.POINTS) / ks.POINTS, 2 * np.pi / ks.LENGTH
    for mode in (1, 2, 6):
        start = 1e-8 * np.cos(mode * k * x)
        end = ks.solve(start, np.array([0.0, 1.0]))[-1]
        np.testing.assert_allclose(end, np.exp((mode * k) ** 2 - (mode * k) ** 4) * start, rtol=1e-5, atol=1e-13)
