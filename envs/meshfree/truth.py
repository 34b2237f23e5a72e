"""What the true solution is: the formula that a problem gives, fine finite elements, or nothing that is known."""

from __future__ import annotations

import warnings
from functools import cached_property

import numpy as np

from simplatform.envs.meshfree.pde import Floats, Pde
from simplatform.errors import ConfigError, SolverError

MOST = 3
"""Directions of space that finite elements here have at most."""


class Truth:
    """The true solution of a problem at any points, for any parameters."""

    def __init__(self, pde: Pde) -> None:
        self.pde = pde

    @property
    def told(self) -> str:
        """Where the truth is from, in words."""
        if self.pde.exact is not None:
            return "exact"
        return f"not known ({self.missing}); errors are not measured" if self.missing else "fine finite elements"

    @cached_property
    def missing(self) -> str:
        """Why there is none, if there is none: finite elements here do not take the problem."""
        from simplatform.envs.meshfree.finite_elements.weak import WeakForm

        if self.pde.exact is not None:
            return ""
        try:
            weak = WeakForm(self.pde)
        except ConfigError as error:
            return str(error)
        return "" if len(weak.space) <= MOST else f"no [exact], and more than {MOST} directions of space"

    def known(self, points: Floats, parameters: Floats) -> Floats:
        """Return values ``(Q, m)``; NaN where there is no truth, and ``missing`` says why."""
        if not self.missing:
            try:
                return self.at(points, parameters)
            except SolverError as error:
                self.missing = str(error)
                warnings.warn(f"no truth is known, errors are not measured: {error}", stacklevel=3)
        return np.full((len(points), len(self.pde.unknowns)), np.nan)

    def at(self, points: Floats, parameters: Floats) -> Floats:
        """Return values ``(Q, m)``.

        Raises:
            ConfigError: no exact solution, and a problem that is none for finite elements.
            SolverError: finite elements have no solution of it.
        """
        if self.pde.exact is None:
            from simplatform.envs.meshfree.finite_elements.answers import fine

            return fine(self.pde, points, parameters)
        return np.asarray(self.pde.exact(points, {}, parameters), float)
