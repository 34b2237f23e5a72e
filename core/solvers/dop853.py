"""The eighth-order method of Dormand and Prince on fixed steps: twelve evaluations each (Hairer et al., 1993, II.5).

Its tableau is SciPy's. Where a field is smooth and a trajectory must be right to many digits, as on chaotic systems,
one of its steps replaces tens of RK4's.
"""

from __future__ import annotations

from scipy.integrate import DOP853 as _Tableau

from simplatform.solvers.runge_kutta import ExplicitRungeKutta


class DOP853(ExplicitRungeKutta):
    """Fixed steps of order eight, without the embedded error estimates."""

    order = 8
    a = tuple(tuple(map(float, row[:stage])) for stage, row in enumerate(_Tableau.A[: _Tableau.n_stages]))
    b = tuple(map(float, _Tableau.B))
    c = tuple(map(float, _Tableau.C[: _Tableau.n_stages]))
