"""Where SINDy's equations come from: integral, weak and differential forms of ``x' = φ(x) W``, linear in W.

Each form turns a trajectory, one sample a unit of time, into rows ``A W = B``. The integral form needs no derivative
(Schaeffer & McCalla, 2017); the weak form moves it to a test function, which averages noise (Messenger & Bortz, 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.polynomial import Polynomial
from torch import Tensor

from simplatform.errors import MissingDependency
from simplatform.policies.dynamics.polynomials import Basis

BUMP = 8
"""Power p of the test function (1 - u²)^p: it vanishes with p - 1 derivatives at both ends, so that sums are integrals
to many digits."""


@dataclass(frozen=True)
class Form:
    """One way to write the equations: ``integral`` over ``size`` samples, ``weak`` over ± ``size`` samples, or
    ``differential`` with a Savitzky-Golay filter of ``size`` samples (0: none)."""

    kind: str
    size: int

    def rows(self, path: Tensor, basis: Basis) -> tuple[Tensor, Tensor] | None:
        """Return A ``(N, F)`` and B ``(N, d)`` of a trajectory ``(T, d)``; None where it is too short."""
        if len(path) < 2 * self.size + 5:
            return None
        if self.kind == "differential":
            return _differential(path, basis, self.size)
        return _integral(path, basis, self.size) if self.kind == "integral" else _weak(path, basis, self.size)


def _integral(path: Tensor, basis: Basis, size: int) -> tuple[Tensor, Tensor]:
    """Integrate over the middle interval what a polynomial through ``size`` samples says of φ(x)."""
    weights, phi = _quadrature(size).to(path), basis(path)
    middle = size // 2 - 1
    rows = len(path) - size + 1
    left = sum(weight * phi[j : j + rows] for j, weight in enumerate(weights))
    return torch.as_tensor(left), path[middle + 1 : middle + 1 + rows] - path[middle : middle + rows]


def _quadrature(size: int) -> Tensor:
    """Return the integrals of the Lagrange polynomials of ``size`` unit-spaced nodes over the middle interval."""
    nodes, middle = np.arange(size), size // 2 - 1
    found = []
    for j in nodes:
        others = nodes[nodes != j]
        primitive = (Polynomial.fromroots(others - middle) / np.prod(j - others)).integ()
        found.append(primitive(1.0) - primitive(0.0))
    return torch.tensor(found)


def _weak(path: Tensor, basis: Basis, size: int) -> tuple[Tensor, Tensor]:
    """Integrate against test functions around every ``size / 8``-th sample."""
    u = torch.linspace(-1, 1, 2 * size + 1, dtype=path.dtype, device=path.device)
    bump = (1 - u.square()) ** BUMP
    slope = -2 * BUMP * u * (1 - u.square()) ** (BUMP - 1) / size
    starts = slice(None, None, max(size // 8, 1))

    def against(values: Tensor, test: Tensor) -> Tensor:
        return values.unfold(0, len(u), 1)[starts] @ test / bump.sum()

    return against(basis(path), bump), -against(path, slope)


def _differential(path: Tensor, basis: Basis, size: int) -> tuple[Tensor, Tensor]:
    """Differentiate as PySINDy does, by central differences of fourth order, after a filter or not."""
    library, states = _pysindy(), path.cpu().numpy()
    if size:
        smooth = {"window_length": size, "polyorder": 3}
        derivative = library.SmoothedFiniteDifference(order=4, smoother_kws=smooth)
        slopes = derivative(states, t=1.0)
        states = derivative.smoothed_x_
    else:
        slopes = library.FiniteDifference(order=4)(states, t=1.0)
    return basis(torch.as_tensor(np.array(states), device=path.device)), torch.as_tensor(
        np.array(slopes), device=path.device
    )


def sparse(left: Tensor, right: Tensor, thresholds: Sequence[float]) -> list[Tensor]:
    """Return W ``(F, d)`` for each threshold, by sequentially thresholded least squares (Brunton et al., 2016).

    A term is dropped where its root mean square is below the threshold times that of the side it explains, so that
    nothing depends on units; what is left is solved for again until nothing more falls.
    """
    size, goal = left.square().mean(0).sqrt(), right.square().mean(0).sqrt()
    size = torch.where(size > 0, size, 1.0)
    orthogonal, triangle = torch.linalg.qr(left / size)
    triangle, seen = triangle.cpu(), (orthogonal.T @ right).cpu()  # small from here on, and many decisions
    columns = [
        [
            _thresholded(triangle, seen[:, column : column + 1], threshold * float(goal[column]))
            for column in range(len(goal))
        ]
        for threshold in thresholds
    ]
    return [torch.stack(found, 1).to(size.device) / size[:, None] for found in columns]


def _thresholded(left: Tensor, right: Tensor, least: float) -> Tensor:
    weights, kept = left.new_zeros(left.shape[1]), torch.arange(left.shape[1])
    while len(kept):
        found = torch.linalg.lstsq(left[:, kept], right, driver="gelsd").solution[:, 0]
        large = found.abs() >= least
        if bool(large.all()):
            weights[kept] = found
            break
        kept = kept[large]
    return weights


def _pysindy() -> Any:
    try:
        import pysindy
    except ImportError as error:
        raise MissingDependency("sindy needs PySINDy: pip install 'simplatform[dynamics]'") from error
    return pysindy
