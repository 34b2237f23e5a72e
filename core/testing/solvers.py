"""Checks of ODE solvers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from simplatform.errors import ContractError
from simplatform.solvers.base import AdaptiveStep, ODESolver


def check_solver(solver: ODESolver, device: str = "cpu") -> None:
    """Check the order of convergence, the evaluation count, dtype, and that a field that blows up is reported.

    The problem is ``x' = −2 t x``, whose solution is ``x0 exp(−t²)``: it sees errors in the nodes as well. An adaptive
    solver (an ``AdaptiveStep``) is checked to reach its tolerance instead of its order.

    Raises:
        ContractError: the first rule that is broken.
    """
    _counts_honestly(solver, device)
    if isinstance(solver, AdaptiveStep):
        _reaches_tolerance(solver, device)
    else:
        _has_its_order(solver, device)
    _reports_blow_up(solver, device)


def measured_order(solver: ODESolver, coarse: int = 20, fine: int = 40, device: str = "cpu") -> float:
    """Return the slope of log error against log step, from ``coarse`` and ``fine`` steps on [0, 2], in float64."""
    return math.log(_error(solver, coarse, device) / _error(solver, fine, device)) / math.log(fine / coarse)


def _error(solver: ODESolver, steps: int, device: str) -> float:
    times = torch.linspace(0, 2, steps + 1, dtype=torch.float64, device=device)
    x0 = torch.tensor([[1.0], [2.0]], dtype=torch.float64, device=device)
    found = solver.solve(lambda t, x: -2 * t * x, x0, times).states[-1]
    return float((found - x0 * math.exp(-4)).abs().max())


def _has_its_order(solver: ODESolver, device: str) -> None:
    slope = measured_order(solver, device=device)
    if slope < solver.order - 0.25:
        raise ContractError(f"{type(solver).__name__} says order {solver.order}, but converges with order {slope:.2f}")


def _reaches_tolerance(solver: AdaptiveStep, device: str) -> None:
    rtol, error = solver.rtol, _error(solver, 4, device)
    if error > 100 * rtol:
        raise ContractError(f"{type(solver).__name__} has rtol {rtol:g}, but its error on x' = -2tx is {error:.1e}")


def _counts_honestly(solver: ODESolver, device: str) -> None:
    calls = 0

    def field(t: Tensor, x: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if t.ndim or x.dtype != torch.float32:
            raise ContractError(f"a field must be called with 0-d time and the dtype of x0, got {t.shape}, {x.dtype}")
        return -x

    solution = solver.solve(field, torch.ones(2, 3, device=device), torch.linspace(0, 1, 4, device=device))
    if solution.nfe != calls:
        raise ContractError(f"{type(solver).__name__} reports {solution.nfe} evaluations, but made {calls}")
    if solution.states.shape != (4, 2, 3) or solution.states.dtype != torch.float32:
        got = f"{tuple(solution.states.shape)} {solution.states.dtype}"
        raise ContractError(f"{type(solver).__name__} must return states (T, *x0.shape) in x0's dtype, got {got}")


def _reports_blow_up(solver: ODESolver, device: str) -> None:
    x0 = torch.tensor([[1.0], [0.0]], dtype=torch.float64, device=device)
    times = torch.linspace(0, 5, 11, dtype=torch.float64, device=device)
    solution = solver.solve(lambda t, x: torch.exp(40 * x * x) - 1, x0, times)
    if bool(solution.ok[0]) or not bool(torch.isfinite(solution.states).all()):
        raise ContractError(f"{type(solver).__name__} must report a row that blows up as not ok, with finite states")
