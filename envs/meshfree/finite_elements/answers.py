"""Finite elements asked at points of space and time: a solve, evaluated where it is wanted."""

from __future__ import annotations

from typing import Any

import numpy as np

from simplatform.envs.meshfree.finite_elements.solver import FiniteElements
from simplatform.envs.meshfree.pde import Floats, Pde
from simplatform.errors import SolverError

STENCIL = 4
"""Times that a value between two steps is interpolated from."""
FINE = {(1, False): (1000, 1), (2, False): (96, 1), (3, False): (20, 1), (1, True): (1000, 400), (2, True): (40, 160),
        (3, True): (8, 60)}  # fmt: skip
"""Cells and steps of what stands in for the truth, by the dimension of space and whether there is time: a minute."""
APART = 0.2
"""Relative difference to elements and steps twice as large from which they are no truth."""
KEPT = 8
_KEPT: dict[tuple[str, bytes, bytes], Floats] = {}


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
    """Return the solution of the finite elements that a problem takes for its truth; the last ones are kept.

    Raises:
        SolverError: there is none, or elements and steps twice as large do not come near it.
    """
    key = (pde.document.model_dump_json(), points.tobytes(), parameters.tobytes())
    if key not in _KEPT:
        while len(_KEPT) >= KEPT:
            _KEPT.pop(next(iter(_KEPT)))
        _KEPT[key] = _checked(pde, points, parameters)
    return _KEPT[key].copy()


def _checked(pde: Pde, points: Floats, parameters: Floats) -> Floats:
    cells, steps = fineness(pde)
    with np.errstate(all="ignore"):
        found, coarse = (
            solve_at(FiniteElements(pde, -(-cells // by)), points, parameters, -(-steps // by)) for by in (1, 2)
        )
        gap = float(np.linalg.norm(found - coarse) / np.linalg.norm(found))
    if not gap <= APART:
        raise SolverError(
            f"{pde.document.name}: finite elements of {cells} and of {-(-cells // 2)} cells differ by {gap:.2g} of "
            "their size: the problem may be ill-posed, or need more `cells` and `steps`"
        )
    return found


def fineness(pde: Pde) -> tuple[int, int]:
    """Return cells in every direction and steps of time: the problem's own, or what its dimension affords."""
    cells, steps = FINE.get((pde.dim - (pde.time is not None), pde.time is not None), (8, 60))
    return pde.document.cells or cells, pde.document.steps or steps
