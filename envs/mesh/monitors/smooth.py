"""A smooth function through nodal values: bicubic splines, fitted, for what needs more derivatives than P1 has."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg, splu

from simplatform.envs.mesh.finite_elements.transfer import lumped
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

DENSITY = 1.2
"""Squares of the grid per vertex, along each axis."""
STIFFNESS = 1e-4
"""Weight of the squares of third differences of coefficients, beside the squares of misfits at vertices."""
LARGEST = 10_000
"""Coefficients up to which the fit is factorised; of more it is found by conjugate gradients."""
RTOL, ITERATIONS = 1e-9, 1000
CHUNK = 200_000
"""Places that are looked at at once: each takes half a kilobyte."""
CUBIC = np.array([[1, 4, 1, 0], [-3, 0, 3, 0], [3, -6, 3, 0], [-1, 3, -3, 1]]) / 6
"""Powers of the place in a square × the four uniform B-splines there."""
DERIVATIVES = np.stack([np.eye(4), np.diag([1.0, 2, 3], 1), np.diag([2.0, 6], 2), np.diag([6.0], 3)], -1).reshape(4, 16)
"""Powers 1, t, t², t³ → them and their derivatives of order 1 to 3, each power's together."""


class Smooth:
    """Twice continuously differentiable, on the box around a mesh in the plane; u and −Δu as functions of places.

    Penalised least squares (P-splines; Eilers & Marx, 1996). The unit of values or coordinates changes nothing.
    """

    def __init__(self, mesh: Mesh, values: Floats) -> None:
        """Fit nodal values ``(V,)``.

        Raises:
            ConfigError: not a mesh in the plane.
        """
        if mesh.dim != 2:
            raise ConfigError(f"smooth functions are fitted in the plane, got a mesh of {mesh.kind} cells")
        low, high = mesh.bounds
        self.low, self.count = low, max(4, round(DENSITY * np.sqrt(len(mesh.points))))
        self.width = (high - low) / self.count
        self.coefficients, left = self._fitted(mesh.points, np.asarray(values, float))
        self.misfit = float(np.sqrt(lumped(mesh) @ left**2))
        """L2 norm of what the fit leaves of the nodal values: large where the grid does not resolve them."""

    def value(self, places: Tensor, mesh: Tensor | None = None) -> Tensor:
        """Return u at places ``(…, 2)``: ``(…)``, differentiable in them."""
        pieces, powers = self._at(places)
        return _sum(powers[0][0], pieces, powers[1][0])

    def source(self, places: Tensor, mesh: Tensor | None = None) -> Tensor:
        """Return −Δu at places ``(…, 2)``: ``(…)``, differentiable in them."""
        pieces, (x, y) = self._at(places)
        across, up = (float(width) ** -2 for width in self.width)
        return -across * _sum(x[1], pieces, y[0]) - up * _sum(x[0], pieces, y[1])

    def jet(self, places: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return u, ∇u, −Δu and ∇(−Δu) at places ``(N, 2)``: ``(N,)``, ``(N, 2)``, ``(N,)`` and ``(N, 2)``."""
        if len(places) > CHUNK:
            parts = [self.jet(places[k : k + CHUNK]) for k in range(0, len(places), CHUNK)]
            u, slope, source, rise = (np.concatenate(part) for part in zip(*parts, strict=True))
            return u, slope, source, rise
        scaled = (places - self.low) / self.width
        square = np.clip(scaled.astype(np.int64), 0, self.count - 1)
        rest, (across, up) = scaled - square, 1 / self.width
        x, y = ((rest[:, axis, None] ** np.arange(4)) @ DERIVATIVES for axis in range(2))
        pieces = self._powers.reshape(-1, 4, 4)[square[:, 0] * self.count + square[:, 1]]
        # Derivatives with respect to x times those with respect to y, (N, 4, 4), of orders 0 to 3 each.
        d = x.reshape(-1, 4, 4).transpose(0, 2, 1) @ pieces @ y.reshape(-1, 4, 4)
        slope = np.stack([across * d[:, 1, 0], up * d[:, 0, 1]], axis=-1)
        source = -(across**2) * d[:, 2, 0] - up**2 * d[:, 0, 2]
        along = across**3 * d[:, 3, 0] + across * up**2 * d[:, 1, 2]
        upward = across**2 * up * d[:, 2, 1] + up**3 * d[:, 0, 3]
        return d[:, 0, 0], slope, source, -np.stack([along, upward], axis=-1)

    def _fitted(self, points: Floats, values: Floats) -> tuple[Floats, Floats]:
        """Return coefficients ``(n + 3, n + 3)``, and what they leave of the values."""
        size = self.count + 3
        first, x = self._basis(points, 0)
        second, y = self._basis(points, 1)
        columns = (first[:, :, None] * size + second[:, None, :]).reshape(len(points), -1)
        rows = np.arange(len(points)).repeat(columns.shape[1])
        weights = (x[:, :, None] * y[:, None, :]).ravel()
        design = sparse.csr_array((weights, (rows, columns.ravel())), shape=(len(points), size**2))
        third = sparse.diags_array([-1.0, 3.0, -3.0, 1.0], offsets=[0, 1, 2, 3], shape=(size - 3, size))
        found = _least(design, third.T @ third, values)
        return found.reshape(size, size), values - design @ found

    def _basis(self, points: Floats, axis: int) -> tuple[Ints, Floats]:
        """Return the numbers of the four splines that are not zero at each point, and their values: ``(N, 4)``."""
        scaled = (points[:, axis] - self.low[axis]) / self.width[axis]
        square = np.clip(np.floor(scaled).astype(np.int64), 0, self.count - 1)
        powers = (scaled - square)[:, None] ** np.arange(4)
        return square[:, None] + np.arange(4), powers @ CUBIC

    @cached_property
    def _powers(self) -> Floats:
        """Coefficients of powers in each square, ``(n, n, 4, 4)``."""
        windows = np.lib.stride_tricks.sliding_window_view(self.coefficients, (4, 4))
        return np.ascontiguousarray(np.einsum("pi,abij,qj->abpq", CUBIC, windows, CUBIC, optimize=True))

    def _at(self, places: Tensor) -> tuple[Tensor, tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]]:
        """Return the piece at each place, and of either coordinate the powers and their second derivatives."""
        import torch

        scaled = (places - torch.as_tensor(self.low)) / torch.as_tensor(self.width)
        square = scaled.detach().floor().long().clamp(0, self.count - 1)
        x, y = (scaled - square).unbind(-1)
        pieces = torch.as_tensor(self._powers)[square[..., 0], square[..., 1]]
        return pieces, (_powers(x), _powers(y))


def _least(design: sparse.csr_array, rough: sparse.csr_array, values: Floats) -> Floats:
    """Return coefficients ``(n²,)`` of least misfit and roughness, the latter along both axes."""
    same, size = sparse.eye_array(rough.shape[0]), design.shape[1]
    penalty = STIFFNESS * (sparse.kron(rough, same) + sparse.kron(same, rough)) + 1e-12 * sparse.eye_array(size)
    load, turned = design.T @ values, design.T.tocsr()
    if size > LARGEST:
        product = LinearOperator((size, size), matvec=lambda x: turned @ (design @ x) + penalty @ x, dtype=np.float64)
        scaled = sparse.diags_array(1 / (design.power(2).sum(axis=0) + penalty.diagonal()))
        return np.asarray(cg(product, load, rtol=RTOL, maxiter=ITERATIONS, M=scaled)[0], np.float64)
    # Symmetric and positive: an order for that, and no pivots, cost a third of a general factorisation.
    options = {"SymmetricMode": True}
    whole = (turned @ design + penalty).tocsc()
    return np.asarray(
        splu(whole, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options).solve(load), np.float64
    )


def _powers(t: Tensor) -> tuple[Tensor, Tensor]:
    import torch

    one, zero = torch.ones_like(t), torch.zeros_like(t)
    return torch.stack([one, t, t * t, t**3], -1), torch.stack([zero, zero, 2 * one, 6 * t], -1)


def _sum(x: Tensor, pieces: Tensor, y: Tensor) -> Tensor:
    return ((pieces @ y[..., None])[..., 0] * x).sum(-1)
