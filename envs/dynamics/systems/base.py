"""What a dynamical system is: a right-hand side, where it starts, and how fast it forgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RightHandSide = Callable[[float, Array, Mapping[str, float]], Array]


Integrator = Callable[["System", Array, Array, Mapping[str, float]], Array]
"""``integrate(system, start (dim,), times (T,), parameters) -> states (T, dim)``."""


def joined(*slopes: Any) -> Array:
    """Return components ``(...)`` as states ``(..., dim)``: ``np.stack`` over the last axis, in half of its time."""
    first = np.asarray(slopes[0])
    states = np.empty((*first.shape, len(slopes)))
    for number, slope in enumerate(slopes):
        states[..., number] = slope
    return states


@dataclass(frozen=True)
class System:
    """An autonomous or driven system ``dx/dt = rhs(t, x, parameters)`` with ``x`` of shape ``(..., dim)``.

    ``low`` and ``high`` bound the box that initial states are drawn from, unless ``sample`` draws them; ``burn_in`` is
    the time, in the system's own unit, after which a trajectory lies on the attractor, and ``spread`` up to how much of
    it is waited longer, so that episodes start far apart. ``lyapunov`` is the largest Lyapunov exponent, where known,
    and ``dt`` the time between two samples. A system that DOP853 cannot integrate well brings ``integrate``; one that
    lives on a periodic grid says in ``grid`` its length and the number of fields; one whose state is a field in several
    dimensions says in ``shape`` ``(channels, n, n)`` how it is laid out in ``dim``. ``scale`` is what
    ``truth.measured_scale`` finds, where that takes seconds.
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
    dt: float = 0.01
    spread: float = 0.0
    sample: Callable[[np.random.Generator], Array] | None = None
    integrate: Integrator | None = None
    grid: tuple[float, int] | None = None
    scale: tuple[float, ...] | None = None
    shape: tuple[int, ...] = ()

    def initial(self, random: np.random.Generator) -> Array:
        """Draw an initial state, ``(dim,)``."""
        return random.uniform(self.low, self.high) if self.sample is None else self.sample(random)

    def settle(self, random: np.random.Generator) -> float:
        """Draw the time to wait before an episode begins."""
        return self.burn_in * (1 + self.spread * random.random()) if self.spread else self.burn_in

    def field(self, **changed: float) -> Callable[[float, Any], Array]:
        """Return ``f(t, x)`` with some parameters changed."""
        values = {**self.parameters, **changed}
        return lambda t, x: self.rhs(t, x, values)
