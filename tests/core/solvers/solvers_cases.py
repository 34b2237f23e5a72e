"""What the tests of solvers share."""

from __future__ import annotations

from simplatform.solvers import DOP853, RK4, RKC, Euler, Heun, Midpoint, Tsit5

FIXED = [Euler, Midpoint, Heun, RK4, RKC, Tsit5, DOP853]
