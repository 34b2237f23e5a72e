"""The contract of ODE solvers, and what all of them share: checks, counting, and survival of fields that blow up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from simplatform.errors import SolverError

Field = Callable[[Tensor, Tensor], Tensor]
"""A right-hand side ``f(t, x)``: ``t`` is 0-d (in ``march`` it may vary by row), ``x`` and the answer ``(B, ...)``."""


@dataclass(frozen=True)
class Solution:
    """States at the requested times, ``(T, B, ...)``; evaluations of the field; which rows stayed finite, ``(B,)``.

    A row that blew up keeps its last finite state from then on, and its ``ok`` is False.
    """

    states: Tensor
    nfe: int
    ok: Tensor


class ODESolver(ABC):
    """Integrates ``dx/dt = f(t, x)`` from ``times[0]`` through all ``times``, forwards or backwards."""

    order: int
    """Order of convergence of the global error."""

    def solve(self, field: Field, x0: Tensor, times: Tensor) -> Solution:
        """Integrate.

        Args:
            field: the right-hand side; called with tensors of the dtype and on the device of ``x0``.
            x0: initial states, ``(B, ...)``, floating point.
            times: ``(T,)``, strictly monotone; the first is the time of ``x0``.

        Raises:
            SolverError: fewer than two times, times that are not strictly monotone, or an ``x0`` that is not floating.
        """
        times = _checked_times(x0, times)
        counted = CountedField(field)
        states, ok = self._integrate(counted, x0, times)
        return Solution(states, counted.nfe, ok)

    @abstractmethod
    def _integrate(self, field: Field, x0: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """Return the states at ``times`` and which rows are finite."""


class FixedStep(ODESolver):
    """A one-step method with ``substeps`` equal steps between two requested times."""

    def __init__(self, substeps: int = 1) -> None:
        """Set the number of steps per interval.

        Raises:
            SolverError: ``substeps`` is not positive.
        """
        if substeps < 1:
            raise SolverError(f"substeps must be at least 1, got {substeps}")
        self.substeps = substeps

    @abstractmethod
    def step(self, field: Field, t: Tensor, h: Tensor, x: Tensor) -> Tensor:
        """Return the state at ``t + h``."""

    def march(self, field: Field, x0: Tensor, times: Tensor) -> Tensor:
        """Integrate rows that have times of their own, in one batch; return the states ``(T, *x0.shape)``.

        ``times`` is ``(T, ...)``, each entry broadcasting against ``x0``, and so is the ``t`` that the field gets. It
        checks nothing: a row that blows up is not finite in the answer. That is the form for training loops, which
        look at the loss anyway.
        """
        states, x = [x0], x0
        for start, end in pairwise(times):
            h = (end - start) / self.substeps
            for index in range(self.substeps):
                x = self.step(field, start + index * h, h, x)
            states.append(x)
        return torch.stack(states)

    def _integrate(self, field: Field, x0: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        states, x = [x0], x0
        ok = torch.ones(len(x0), dtype=torch.bool, device=x0.device)
        for start, end in pairwise(times):
            h = (end - start) / self.substeps
            for index in range(self.substeps):
                x, ok = keep_finite(self.step(field, start + index * h, h, x), x, ok)
            states.append(x)
        return torch.stack(states), ok


class AdaptiveStep(ODESolver):
    """A method that chooses its steps by tolerances on their local error."""

    def __init__(self, rtol: float = 1e-6, atol: float = 1e-8, max_steps: int = 100_000) -> None:
        """Set the tolerances on the local error.

        Raises:
            SolverError: a tolerance is not positive.
        """
        if rtol <= 0 or atol <= 0:
            raise SolverError(f"tolerances must be positive, got rtol={rtol}, atol={atol}")
        self.rtol, self.atol, self.max_steps = rtol, atol, max_steps


class CountedField:
    """A field that counts its evaluations in ``nfe``."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self.nfe = 0

    def __call__(self, t: Tensor, x: Tensor) -> Tensor:
        """Evaluate the field and count it."""
        self.nfe += 1
        return self._field(t, x)


def keep_finite(new: Tensor, old: Tensor, ok: Tensor) -> tuple[Tensor, Tensor]:
    """Accept the rows of ``new`` that are finite; the others stay at ``old`` and are no longer ok."""
    ok = ok & torch.isfinite(new.detach()).flatten(1).all(1)
    return torch.where(ok.view(-1, *(1,) * (new.ndim - 1)), new, old), ok


def _checked_times(x0: Tensor, times: Tensor) -> Tensor:
    if not x0.is_floating_point() or x0.ndim < 1:
        raise SolverError(f"expected floating-point states (B, ...), got {x0.dtype} of shape {tuple(x0.shape)}")
    if times.ndim != 1 or len(times) < 2:
        raise SolverError(f"expected at least two times in a 1-d tensor, got shape {tuple(times.shape)}")
    steps = times.diff()
    if not torch.compiler.is_compiling() and not bool((steps > 0).all() or (steps < 0).all()):
        raise SolverError("times must be strictly increasing or strictly decreasing")
    return times.to(device=x0.device, dtype=x0.dtype)
