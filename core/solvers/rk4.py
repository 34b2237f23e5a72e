"""The classical Runge–Kutta method: four evaluations a step, fourth order."""

from __future__ import annotations

from simplatform.solvers.runge_kutta import ExplicitRungeKutta


class RK4(ExplicitRungeKutta):
    """Kutta (1901). No error estimate: choose ``substeps`` by halving until nothing changes."""

    order = 4
    a = ((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0))
    b = (1 / 6, 1 / 3, 1 / 3, 1 / 6)
    c = (0.0, 0.5, 0.5, 1.0)
