"""DPM-Solver-v3: the parameterisation that a model's own statistics make best (Zheng et al., 2023, arXiv:2310.13268).

With y = x/α the sampling ODE is dy/dλ = −f − l y, f = (σ e − l x)/α. Where f obeys df/dλ = s f + b along a path, a
first-order step is exact. l is the mean diagonal of σ ∂e/∂x, and s and b are a least-squares fit, all three per
component and functions of λ, measured once on the model (``Statistics.measure``). (l, s, b) = (0, −1, 0) is DPM-Solver,
(1, 0, 0) is DPM-Solver++.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path as FilePath

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simplatform.errors import DataError
from simplatform.policies.samplers.base import Sampler, transfer
from simplatform.policies.samplers.denoiser import Denoiser
from simplatform.runs.files import read_json, reading, write_json

Array = NDArray[np.float64]
FINE = 4
"""Points of the integral table between two measured ones."""


@dataclass(frozen=True)
class Statistics:
    """l, s and b ``(n, *sample)`` at rising values of λ ``(n,)``."""

    log_snr: Array
    linear: Array
    slope: Array
    offset: Array

    def __post_init__(self) -> None:
        """Check shapes and values.

        Raises:
            DataError: they do not fit each other, λ does not rise, or a value is not finite.
        """
        parts = (self.linear, self.slope, self.offset)
        if any(part.shape != self.linear.shape or len(part) != len(self.log_snr) for part in parts):
            raise DataError(f"expected l, s and b of one shape ({len(self.log_snr)}, …): {[p.shape for p in parts]}")
        rising = self.log_snr.ndim == 1 and len(self.log_snr) > 1 and bool((np.diff(self.log_snr) > 0).all())
        if not rising or not all(np.isfinite(part).all() for part in (self.log_snr, *parts)):
            raise DataError("expected two or more rising values of λ, and finite statistics")

    @classmethod
    def constant(
        cls, first: float, last: float, values: tuple[float, float, float], shape: Sequence[int]
    ) -> Statistics:
        """Return the same l, s and b everywhere."""
        return cls(np.linspace(first, last, 200), *(np.full((200, *shape), value) for value in values))

    @classmethod
    def measure(cls, denoiser: Denoiser, noise: Tensor, nodes: int = 120, seed: int = 0) -> Statistics:
        """Measure along paths from ``noise (B, ...)``, two evaluations and a product with the Jacobian a node.

        The same noise at all λ (common random numbers) is what makes the derivative of f usable.
        """
        path, x = denoiser.path, noise
        logs = np.linspace(path.log_snr(path.first), path.log_snr(path.last), nodes)
        times = [path.first, *(path.time(float(value)) for value in logs[1:-1]), path.last]
        signs = torch.randint(0, 2, noise.shape, generator=torch.Generator().manual_seed(seed)).to(noise) * 2 - 1
        states, noises, linear = [], [], []
        for i, t in enumerate(times):
            e, product, *_ = torch.func.jvp(lambda z, t=t: denoiser.noise(z, t), (x,), (signs,))
            states.append(x.double().cpu().numpy())
            noises.append(e.detach().double().cpu().numpy())
            linear.append((path.sigma(t) * (signs * product.detach()).mean(0)).double().cpu().numpy())
            if i + 1 < nodes:
                x = _midpoint(denoiser, x, e, t, times[i + 1]).detach()
        return cls._fit(path, np.array(times), logs, np.array(states), np.array(noises), np.array(linear))

    @classmethod
    def _fit(cls, path: object, times: Array, logs: Array, x: Array, e: Array, linear: Array) -> Statistics:
        ones = (len(times), *(1,) * (x.ndim - 1))
        alpha, sigma = (np.array([getattr(path, name)(t) for t in times]).reshape(ones) for name in ("alpha", "sigma"))
        f = (sigma * e - linear[:, None] * x) / alpha
        change = np.gradient(f, logs, axis=0)
        centred = f - f.mean(1, keepdims=True)
        variance = (centred**2).mean(1)
        covariance = (centred * (change - change.mean(1, keepdims=True))).mean(1)
        slope = covariance / np.maximum(variance, 1e-12 * np.maximum(variance.max(), 1e-300))
        return cls(logs, linear, slope, change.mean(1) - slope * f.mean(1))

    @classmethod
    def read(cls, path: FilePath) -> Statistics:
        """Read what ``write`` wrote.

        Raises:
            DataError: it holds no statistics.
        """
        with reading(f"{path} holds no statistics of DPM-Solver-v3"):
            found = read_json(path)
            return cls(*(np.asarray(found[key], dtype=np.float64) for key in ("log_snr", "linear", "slope", "offset")))

    def write(self, path: FilePath) -> None:
        """Write them as JSON."""
        write_json(path, {key: getattr(self, key).tolist() for key in ("log_snr", "linear", "slope", "offset")})


class DPMSolverV3(Sampler):
    """One evaluation a step, of order two (without the authors' corrector and pseudo orders)."""

    order = 2

    def __init__(self, statistics: Statistics | str | FilePath, highest: int = 2) -> None:
        """Take statistics or the file of some; ``highest=1`` keeps to first order."""
        found = statistics if isinstance(statistics, Statistics) else Statistics.read(FilePath(statistics))
        self._tables, self._highest = _Integrals(found), highest
        self.order = highest

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        path, before = denoiser.path, None
        for s, t in pairwise(times):
            here, there = path.log_snr(s), path.log_snr(t)
            now, then = self._tables.at(here, x), self._tables.at(there, x)
            f = (path.sigma(s) * denoiser.noise(x, s) - now.linear * x) / path.alpha(s)
            y = (now.L - then.L).exp() * x / path.alpha(s)
            y = y - (-then.L - now.S).exp() * (then.I - now.I) * f
            y = y - (-then.L).exp() * (then.C - now.C - now.B * (then.I - now.I))
            if before is not None and self._highest > 1:
                old, when, table = before
                other = (now.S - table.S).exp() * old - now.S.exp() * (table.B - now.B)
                moment = then.M - now.M - here * (then.I - now.I)
                y = y - (-then.L - now.S).exp() * moment * (f - other) / (here - when)
            before = (f, here, now)
            x = path.alpha(t) * y
        return x


@dataclass(frozen=True)
class _At:
    """l and integrals up to one λ: L of l, S of s, B of e^(−S) b, I of e^(L+S), C of e^(L+S) B, M of λ e^(L+S)."""

    linear: Tensor
    L: Tensor
    S: Tensor
    B: Tensor
    I: Tensor  # noqa: E741
    C: Tensor
    M: Tensor


class _Integrals:
    """Tables of the integrals, by the trapezoidal rule on a refined grid, and linear interpolation in λ."""

    def __init__(self, statistics: Statistics) -> None:
        nodes = statistics.log_snr
        self._grid = np.interp(np.arange(FINE * (len(nodes) - 1) + 1) / FINE, np.arange(len(nodes)), nodes)
        linear, slope, offset = (
            self._refined(nodes, p) for p in (statistics.linear, statistics.slope, statistics.offset)
        )
        L, S = self._integral(linear), self._integral(slope)
        both = np.exp(L + S)
        B = self._integral(np.exp(-S) * offset)
        at = self._grid.reshape(-1, *(1,) * (linear.ndim - 1))
        tables = linear, L, S, B, self._integral(both), self._integral(both * B), self._integral(at * both)
        self._tables = np.stack(tables, 1)

    def at(self, log_snr: float, like: Tensor) -> _At:
        """Return the values at λ, on the device of ``like``."""
        at = float(np.clip(log_snr, self._grid[0], self._grid[-1]))
        index = min(max(int(np.searchsorted(self._grid, at)) - 1, 0), len(self._grid) - 2)
        share = (at - self._grid[index]) / (self._grid[index + 1] - self._grid[index])
        values = (1 - share) * self._tables[index] + share * self._tables[index + 1]
        return _At(*torch.as_tensor(values, dtype=like.dtype, device=like.device))

    def _refined(self, nodes: Array, values: Array) -> Array:
        index = np.interp(self._grid, nodes, np.arange(len(nodes)))
        low = np.minimum(index.astype(int), len(nodes) - 2)
        share = (index - low).reshape(-1, *(1,) * (values.ndim - 1))
        found: Array = (1 - share) * values[low] + share * values[low + 1]
        return found

    def _integral(self, values: Array) -> Array:
        steps = np.diff(self._grid).reshape(-1, *(1,) * (values.ndim - 1))
        parts = 0.5 * steps * (values[1:] + values[:-1])
        return np.concatenate([np.zeros_like(values[:1]), np.cumsum(parts, 0)])


def _midpoint(denoiser: Denoiser, x: Tensor, e: Tensor, s: float, t: float) -> Tensor:
    """Return the state at ``t`` by DPM-Solver-2 with the first noise prediction at hand."""
    path = denoiser.path
    middle = path.time(0.5 * (path.log_snr(s) + path.log_snr(t)))
    change = denoiser.noise(transfer(path, x, e, s, middle), middle) - e
    return transfer(path, x, e, s, t) - path.sigma(t) * float(np.expm1(path.log_snr(t) - path.log_snr(s))) * change
