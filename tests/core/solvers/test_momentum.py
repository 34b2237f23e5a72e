"""Gradient methods with momentum: their rates on quadratics, their certificates, and heavy ball's cycle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.errors import ConfigError
from simplatform.solvers.momentum import METHODS, minimise, momentum

MEASURED = {"gradient": 0.980, "heavy-ball": 0.822, "nesterov": 0.902, "triple-momentum": 0.900}
"""Of the specification, κ = 100."""


def rate_on_a_quadratic(name, kappa=100.0):
    """Return the rate per step over the last steps before rounding."""
    curvature = np.linspace(1, kappa, 50)
    method = momentum(name, 1.0, kappa)
    _, norms = minimise(lambda x: curvature * x, np.ones(50), method, rtol=1e-10)
    tail = norms[len(norms) // 2 :]
    return (tail[-1] / tail[0]) ** (1 / (len(tail) - 1))


@pytest.mark.parametrize("name", METHODS)
def test_quadratics_converge_at_the_predicted_rate(name):
    predicted = momentum(name, 1.0, 100.0).quadratic_rate()
    assert rate_on_a_quadratic(name) == pytest.approx(predicted, abs=0.012)
    assert predicted == pytest.approx(MEASURED[name], abs=0.005)


def test_the_iterations_that_momentum_saves():
    curvature = np.linspace(1, 100, 50)
    counts = {
        name: len(minimise(lambda x: curvature * x, np.ones(50), momentum(name, 1.0, 100.0))[1]) for name in METHODS
    }
    assert counts["gradient"] > 5 * counts["nesterov"] > 5 * counts["heavy-ball"]
    assert counts["triple-momentum"] < counts["gradient"] / 4


def piecewise(x):
    """Return the slope of Lessard, Recht and Packard's function: 25x, x + 24, 25x − 24."""
    return np.where(x < 1, 25 * x, np.where(x < 2, x + 24, 25 * x - 24))


def test_without_a_certificate_heavy_ball_cycles_where_the_others_converge():
    ends = {}
    for name in METHODS:
        _, norms = minimise(piecewise, np.array([3.3]), momentum(name, 1.0, 25.0), rtol=1e-9, most=500)
        ends[name] = norms[-1] / norms[0]
    assert momentum("heavy-ball", 1.0, 25.0).certified is None
    assert ends.pop("heavy-ball") > 0.1
    assert max(ends.values()) <= 1e-9


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["gradient", "nesterov", "triple-momentum"]), st.floats(2, 300), st.integers(0, 10**6))
def test_the_certificate_holds_on_smooth_strongly_convex_functions(name, kappa, seed):
    """f = ½μ‖x‖² + (L − μ)·Σ log cosh of rotated coordinates: curvatures from μ to L, the minimum at 0."""
    generator = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(generator.standard_normal((6, 6)))
    method = momentum(name, 1.0, kappa)
    assert method.certified is not None
    x = before = start = 5 * generator.standard_normal(6)
    bound = 20 * kappa * np.linalg.norm(start)
    for step in range(60):
        y = method.ahead(x, before)
        slope = y + (kappa - 1) * turn.T @ np.tanh(turn @ y)
        x, before = method.following(x, before, slope), x
        assert np.linalg.norm(x) <= bound * method.certified**step + 1e-12
    assert method.quadratic_rate() <= method.certified + 1e-6


def test_impossible_curvatures_are_refused():
    for arguments in (("nesterov", 2.0, 1.0), ("nesterov", 0.0, 1.0), ("adam", 1.0, 2.0)):
        with pytest.raises(ConfigError, match="0 < μ ≤ L"):
            momentum(*arguments)
