"""What a dynamical system is: a right-hand side, where it starts, and how fast it forgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RightHandSide = Callable[[float, Array, Mapping[str, float]], Array]


@dataclass(frozen=True)
class System:
    """An autonomous or driven system ``dx/dt = rhs(t, x, parameters)`` with ``x`` of shape ``(..., dim)``.

    ``low`` and ``high`` bound the box that initial states are drawn from; ``burn_in`` is the time, in the system's own
    unit, after which a trajectory lies on the attractor. ``lyapunov`` is the largest Lyapunov exponent, where known.
    """

    name: str
    dim: int
    parameters: Mapping[str, float]
    rhs: RightHandSide
    low: tuple[float, ...]
    high: tuple[float, ...]
    burn_in: float
    lyapunov: float | None
    source: str

    def initial(self, random: np.random.Generator) -> Array:
        """Draw an initial state, ``(dim,)``."""
        return random.uniform(self.low, self.high)

    def field(self, **changed: float) -> Callable[[float, Any], Array]:
        """Return ``f(t, x)`` with some parameters changed."""
        values = {**self.parameters, **changed}
        return lambda t, x: self.rhs(t, x, values)
