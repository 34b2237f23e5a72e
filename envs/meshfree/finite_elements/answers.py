"""Finite elements asked at points of space and time: a solve, evaluated where it is wanted."""

from __future__ import annotations

from typing import Any

import numpy as np

from simplatform.envs.meshfree.finite_elements.solver import FiniteElements
from simplatform.envs.meshfree.pde import Floats, Pde

STENCIL = 4
"""Times that a value between two steps is interpolated from."""


def solve_at(elements: FiniteElements, points: Floats, parameters: Floats, steps: int) -> Floats:
    """Return the solution ``(Q, m)`` at points ``(Q, d)`` of space and time.

    Raises:
        SolverError: see ``FiniteElements.solve``.
    """
    pde = elements.pde
    places, which = np.unique(points[:, elements.weak.space], axis=0, return_inverse=True)
    probes = elements.probes(places)
    times: list[float] = []
    seen: list[Floats] = []

    def look(t: float, vector: Floats) -> None:
        times.append(t)
        parts = [probe @ elements.space.part(vector, m) for m, probe in enumerate(probes)]
        seen.append(np.stack(parts, 1))

    elements.solve(parameters, steps, look)
    values, which = np.stack(seen), which.reshape(-1)
    if pde.time is None:
        steady: Floats = values[0, which]
        return steady
    return between(np.array(times), values, points[:, pde.time], which)


def between(times: Floats, values: Floats, wanted: Floats, which: Any) -> Floats:
    """Return values ``(Q, m)`` at times ``wanted (Q,)`` and places ``which (Q,)``, by cubic interpolation of steps.

    ``times (T,)`` are evenly spaced, ``values`` are ``(T, places, m)``.
    """
    count = min(STENCIL, len(times))
    place = np.searchsorted(times, wanted) - count // 2
    first = np.clip(place, 0, len(times) - count)
    found = np.zeros((len(wanted), values.shape[2]))
    for one in range(count):
        weight = np.ones(len(wanted))
        for other in range(count):
            if other != one:
                weight *= (wanted - times[first + other]) / (times[first + one] - times[first + other])
        found += weight[:, None] * values[first + one, which]
    return found


def fine(pde: Pde, points: Floats, parameters: Floats) -> Floats:
    """Return the solution of the finite elements that a problem takes for its truth."""
    return solve_at(FiniteElements(pde, cells_of(pde)), points, parameters, pde.document.steps or 400)


def cells_of(pde: Pde) -> int:
    """Return the cells in every direction: the problem's own, or what its dimension affords."""
    space = pde.dim - (pde.time is not None)
    return pde.document.cells or {1: 1000, 2: 96, 3: 20}.get(space, 8)
