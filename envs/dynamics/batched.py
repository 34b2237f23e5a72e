"""DOP853 for many initial states at once, each with its own steps: one trajectory does not know of the others.

The method, its error control and its interpolant are those of SciPy's ``DOP853`` (Hairer, Nørsett & Wanner, 1993, II.5
and II.10), whose coefficients are used; what a row does is what SciPy does with it alone, to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.integrate import DOP853

from simplatform.envs.dynamics.systems.base import Array, System
from simplatform.errors import SolverError

Field = Callable[[Array], Array]
RowField = Callable[[Array, Array, Any], Array]
"""``f(t (b,), x (b, d), rows (b,))``: slopes of some of the rows, by their numbers."""
STAGES = DOP853.n_stages
SAFETY, LEAST, MOST = 0.9, 0.2, 10.0
EXPONENT = -1 / 8


def field_of(system: System) -> Field:
    """Return ``f(x (B, d))`` of a system; one whose right-hand side takes single states is asked row by row."""
    single = system.field()
    probe = np.stack([np.asarray(system.low, float), np.asarray(system.high, float)])
    wanted = np.stack([single(0.0, x) for x in probe])
    try:
        found = np.asarray(single(0.0, probe))
    except (TypeError, ValueError, IndexError):
        found = np.empty(0)
    if found.shape == wanted.shape and np.allclose(found, wanted, rtol=1e-12, equal_nan=True):
        return lambda x: single(0.0, x)
    return lambda x: np.stack([single(0.0, row) for row in x])


def fields_of(system: System, parameters: Sequence[Mapping[str, float]], probe: Array) -> RowField | None:
    """Return the field of bundles ``(B, S·dim)``, row i with parameters of its own; None where it must be asked alone.

    ``probe (B, S, dim)`` are states that it is tried on.
    """
    names = sorted({name for own in parameters for name in own})
    values = {name: np.array([{**system.parameters, **own}[name] for own in parameters])[:, None] for name in names}

    last: list[Any] = [None, None]

    def field(t: Array, x: Array, rows: Any) -> Array:
        if rows is not last[0]:  # the stages of a step are of the same rows
            last[:] = rows, {**system.parameters, **{name: value[rows] for name, value in values.items()}}
        when: Any = t[:, None]
        return system.rhs(when, x.reshape(len(x), -1, system.dim), last[1]).reshape(x.shape)

    alone = np.stack([system.field(**own)(0.5, x) for own, x in zip(parameters, probe, strict=True)])
    try:
        found = field(np.full(len(probe), 0.5), probe.reshape(len(probe), -1), np.arange(len(probe)))
    except (TypeError, ValueError, IndexError):
        return None
    return field if np.allclose(found, alone.reshape(found.shape), rtol=1e-12, equal_nan=True) else None


def integrate(field: Field, starts: Array, times: Array, rtol: float, atol: float, name: str = "the system") -> Array:
    """Return states ``(B, T, d)`` at increasing ``times (B, T)`` from ``starts (B, d)`` at the first of them.

    Raises:
        SolverError: a step size underflows or a state is not finite; the time is named.
    """
    return integrate_rows(lambda t, x, rows: field(x), starts, times, rtol, atol, name)


def integrate_rows(
    field: RowField, starts: Array, times: Array, rtol: float, atol: float, name: str = "the system"
) -> Array:
    """Do what ``integrate`` does for a field that differs from row to row, or in time."""
    march = _March(field, starts, times, rtol, atol, name)
    with np.errstate(all="ignore"):
        while len(march.live):
            march.step()
    return march.states


class _March:
    """All rows on their way; ``live`` are those that have not arrived."""

    def __init__(self, field: RowField, starts: Array, times: Array, rtol: float, atol: float, name: str) -> None:
        self.field, self.times, self.rtol, self.atol, self.name = field, times, rtol, atol, name
        self.y, self.t, self.end = starts.copy(), times[:, 0].copy(), times[:, -1]
        self.states = np.repeat(starts[:, None], times.shape[1], axis=1)
        self.next = np.ones(len(starts), int)
        self.live = np.flatnonzero(self.t < self.end)
        self.rejected = np.zeros(len(starts), bool)
        with np.errstate(all="ignore"):
            self.f = field(self.t, starts, np.arange(len(starts)))
            self.h = self._first_steps()

    def step(self) -> None:
        """Try a step of every row, and take those that are good enough."""
        rows = self.live
        t, y = self.t[rows], self.y[rows]
        least = 10 * np.abs(np.nextafter(t, np.inf) - t)
        h = np.minimum(np.maximum(self.h[rows], least), self.end[rows] - t)
        if (self.rejected[rows] & (self.h[rows] < least)).any():
            raise SolverError(f"{self.name} cannot be integrated beyond t = {t.min():.4g}: the step size underflows")
        k = np.empty((STAGES + 4, *y.shape))
        k[0] = self.f[rows]
        for stage in range(1, STAGES):
            k[stage] = self.field(t + DOP853.C[stage] * h, y + h[:, None] * _mixed(DOP853.A[stage, :stage], k), rows)
        new = y + h[:, None] * _mixed(DOP853.B, k)
        k[STAGES] = self.field(t + h, new, rows)
        error = self._errors(k[: STAGES + 1], h, self.atol + self.rtol * np.maximum(np.abs(y), np.abs(new)))
        good = error < 1
        factor = np.where(error > 0, SAFETY * np.where(error > 0, error, 1.0) ** EXPONENT, MOST)
        limit = np.where(self.rejected[rows], 1.0, MOST)
        grow = np.where(good, np.minimum(limit, factor), np.maximum(LEAST, np.nan_to_num(factor, nan=LEAST)))
        self.h[rows], self.rejected[rows] = h * grow, ~good
        self._take(*((rows, k, y, new, h) if good.all() else (rows[good], k[:, good], y[good], new[good], h[good])))

    def _take(self, rows: Any, k: Array, y: Array, new: Array, h: Array) -> None:
        """Go on by a step, and fill in the times that were passed."""
        t = self.t[rows] + h
        t = np.where(np.abs(t - self.end[rows]) <= 1e-15 * np.abs(t), self.end[rows], t)
        passed = (self.times[rows] <= t[:, None]).sum(1)
        counts = passed - self.next[rows]
        if counts.any():
            whose = np.repeat(np.arange(len(rows)), counts)
            which = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            which += self.next[rows][whose]
            share = (self.times[rows[whose], which] - self.t[rows[whose]]) / h[whose]
            start = self.t[rows]
            for number, stage in enumerate(range(STAGES + 1, STAGES + 4)):
                within = y + h[:, None] * _mixed(DOP853.A_EXTRA[number, :stage], k)
                k[stage] = self.field(start + DOP853.C_EXTRA[number] * h, within, rows)
            self.states[rows[whose], which] = _between(k, y, new, h, whose, share)
        self.next[rows], self.t[rows], self.y[rows], self.f[rows] = passed, t, new, k[STAGES]
        self.live = self.live[self.t[self.live] < self.end[self.live]]
        if not np.isfinite(new).all():
            raise SolverError(f"{self.name} cannot be integrated beyond t = {t.min():.4g}: states are not finite")

    def _errors(self, k: Array, h: Array, scale: Array) -> Array:
        """Return the size of each row's error in units of the tolerance."""
        fifth, third = (np.square(_mixed(weights, k) / scale).sum(1) for weights in (DOP853.E5, DOP853.E3))
        below = np.sqrt((fifth + 0.01 * third) * scale.shape[1])
        found: Array = np.where(below > 0, np.abs(h) * fifth / np.where(below > 0, below, 1.0), 0.0)
        return np.where(np.isnan(below), np.inf, found)

    def _first_steps(self) -> Array:
        """Return first steps (Hairer, Nørsett & Wanner, II.4)."""
        length = self.end - self.t
        scale = self.atol + self.rtol * np.abs(self.y)
        d0, d1 = _norm(self.y / scale), _norm(self.f / scale)
        h0 = np.where((d0 < 1e-5) | (d1 < 1e-5), 1e-6, 0.01 * d0 / np.where(d1 > 0, d1, 1.0))
        h0 = np.minimum(h0, length)
        ahead = self.field(self.t + h0, self.y + h0[:, None] * self.f, np.arange(len(self.y)))
        d2 = _norm((ahead - self.f) / scale) / np.where(h0 > 0, h0, 1.0)
        most = np.maximum(d1, d2)
        h1 = np.where(most <= 1e-15, np.maximum(1e-6, 1e-3 * h0), (0.01 / np.where(most > 0, most, 1.0)) ** (1 / 8))
        found: Array = np.minimum(np.minimum(100 * h0, h1), length)
        return found


def _between(k: Array, y: Array, new: Array, h: Array, whose: Any, share: Array) -> Array:
    """Return states within steps, ``(M, d)``: of row ``whose[i]`` at ``share[i]`` of its step."""
    delta, first, last = new - y, h[:, None] * k[0], h[:, None] * k[STAGES]
    parts = [delta, first - delta, 2 * delta - (last + first), *(h[:, None] * _mixed(row, k) for row in DOP853.D)]
    x = share[:, None]
    found = np.zeros((len(whose), y.shape[1]))
    for number, part in enumerate(reversed(parts)):
        found = (found + part[whose]) * (x if number % 2 == 0 else 1 - x)
    states: Array = found + y[whose]
    return states


def _mixed(weights: Array, k: Array) -> Array:
    """Return the stages' sum with weights, of each row."""
    found: Array = weights @ k[: len(weights)].reshape(len(weights), -1)
    return found.reshape(k.shape[1:])


def _norm(x: Array) -> Array:
    found: Array = np.sqrt(np.mean(np.square(x), axis=1))
    return found
