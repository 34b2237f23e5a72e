"""What the true solution is: the formula that a problem gives, or fine finite elements."""

from __future__ import annotations

import numpy as np

from simplatform.envs.meshfree.pde import Floats, Pde


class Truth:
    """The true solution of a problem at any points, for any parameters."""

    def __init__(self, pde: Pde) -> None:
        self.pde = pde

    @property
    def told(self) -> str:
        """Where the truth is from, in words."""
        return "exact" if self.pde.exact is not None else "fine finite elements"

    def at(self, points: Floats, parameters: Floats) -> Floats:
        """Return values ``(Q, m)``.

        Raises:
            ConfigError: no exact solution, and a problem that is none for finite elements.
        """
        if self.pde.exact is None:
            from simplatform.envs.meshfree.finite_elements.answers import fine

            return fine(self.pde, points, parameters)
        return np.asarray(self.pde.exact(points, {}, parameters), float)
