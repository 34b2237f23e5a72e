"""The explicit midpoint rule: two evaluations a step, second order."""

from __future__ import annotations

from simplatform.solvers.runge_kutta import ExplicitRungeKutta


class Midpoint(ExplicitRungeKutta):
    """x + h f(t + h/2, x + h/2 f). RF-Solver (Wang et al., 2024, arXiv:2411.04746) is this rule."""

    order = 2
    a = ((), (0.5,))
    b = (0.0, 1.0)
    c = (0.0, 0.5)
