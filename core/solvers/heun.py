"""Heun's method: two evaluations a step, second order."""

from __future__ import annotations

from simplatform.solvers.runge_kutta import ExplicitRungeKutta


class Heun(ExplicitRungeKutta):
    """The trapezoidal rule with an Euler predictor (not Heun's third-order method)."""

    order = 2
    a = ((), (1.0,))
    b = (0.5, 0.5)
    c = (0.0, 1.0)
