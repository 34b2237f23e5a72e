"""A smooth function through nodal values: bicubic splines, fitted, for what needs more derivatives than P1 has."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from simplatform.envs.mesh.finite_elements.transfer import lumped
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

DENSITY = 1.2
"""Squares of the grid per vertex, along each axis."""
STIFFNESS = 1e-4
"""Weight of the squares of third differences of coefficients, beside the squares of misfits at vertices."""
CUBIC = np.array([[1, 4, 1, 0], [-3, 0, 3, 0], [3, -6, 3, 0], [-1, 3, -3, 1]]) / 6
"""Powers of the place in a square × the four uniform B-splines there."""


class Smooth:
    """Twice continuously differentiable, on the box around a mesh in the plane; u and −Δu as torch functions of places.

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

    def both(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Return u and −Δu at places ``(…, 2)``, at little more than the cost of one."""
        pieces, (x, y) = self._at(places)
        across, up = (float(width) ** -2 for width in self.width)
        along, bent = (pieces @ y[0][..., None])[..., 0], (pieces @ y[1][..., None])[..., 0]
        return (along * x[0]).sum(-1), -across * (along * x[1]).sum(-1) - up * (bent * x[0]).sum(-1)

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
        rough, same = third.T @ third, sparse.eye_array(size)
        matrix = design.T @ design + STIFFNESS * (sparse.kron(rough, same) + sparse.kron(same, rough))
        found = splu((matrix + 1e-12 * sparse.eye_array(size**2)).tocsc()).solve(design.T @ values)
        return found.reshape(size, size), values - design @ found

    def _basis(self, points: Floats, axis: int) -> tuple[Ints, Floats]:
        """Return the numbers of the four splines that are not zero at each point, and their values: ``(N, 4)``."""
        scaled = (points[:, axis] - self.low[axis]) / self.width[axis]
        square = np.clip(np.floor(scaled).astype(np.int64), 0, self.count - 1)
        powers = (scaled - square)[:, None] ** np.arange(4)
        return square[:, None] + np.arange(4), powers @ CUBIC

    @cached_property
    def _pieces(self) -> Tensor:
        """Coefficients of powers in each square, ``(n, n, 4, 4)``."""
        import torch

        windows = torch.as_tensor(self.coefficients).unfold(0, 4, 1).unfold(1, 4, 1)
        basis = torch.as_tensor(CUBIC)
        return torch.einsum("pi,abij,qj->abpq", basis, windows, basis).contiguous()

    def _at(self, places: Tensor) -> tuple[Tensor, tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]]:
        """Return the piece at each place, and of either coordinate the powers and their second derivatives."""
        import torch

        scaled = (places - torch.as_tensor(self.low)) / torch.as_tensor(self.width)
        square = scaled.detach().floor().long().clamp(0, self.count - 1)
        x, y = (scaled - square).unbind(-1)
        return self._pieces[square[..., 0], square[..., 1]], (_powers(x), _powers(y))


def _powers(t: Tensor) -> tuple[Tensor, Tensor]:
    import torch

    one, zero = torch.ones_like(t), torch.zeros_like(t)
    return torch.stack([one, t, t * t, t**3], -1), torch.stack([zero, zero, 2 * one, 6 * t], -1)


def _sum(x: Tensor, pieces: Tensor, y: Tensor) -> Tensor:
    return ((pieces @ y[..., None])[..., 0] * x).sum(-1)
