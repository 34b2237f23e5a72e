"""Euler's method: one evaluation a step, first order."""

from __future__ import annotations

from simplatform.solvers.runge_kutta import ExplicitRungeKutta


class Euler(ExplicitRungeKutta):
    """x + h f(t, x). With a MeanFlow or straight flow one step of it is all that is needed."""

    order = 1
    a = ((),)
    b = (1.0,)
    c = (0.0,)
