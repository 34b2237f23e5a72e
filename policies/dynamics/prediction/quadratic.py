"""Quadratic vector fields z' = W φ(z), φ the products of at most two components, and the tangents of their flow."""

from __future__ import annotations

import torch
from torch import Tensor

from simplatform.solvers import RK4

BOUND = 50.0
"""States are kept within, in standard deviations: a field that runs away stays finite and is seen to be wrong."""


def terms(z: Tensor) -> Tensor:
    """Return φ(z) = [1, z, z_i z_j for i ≤ j], ``(..., F)``."""
    i, j = torch.triu_indices(z.shape[-1], z.shape[-1])
    return torch.cat([torch.ones_like(z[..., :1]), z, z[..., i] * z[..., j]], -1)


def term_count(dim: int) -> int:
    """Return F for states of ``dim`` components."""
    return 1 + dim + dim * (dim + 1) // 2


def term_slopes(z: Tensor) -> Tensor:
    """Return ∂φ/∂z, ``(..., F, R)``."""
    size = z.shape[-1]
    i, j = torch.triu_indices(size, size)
    eye = torch.eye(size, dtype=z.dtype, device=z.device)
    products = z[..., i, None] * eye[j] + z[..., j, None] * eye[i]
    return torch.cat([torch.zeros_like(products[..., :1, :]), eye.expand(*z.shape, size), products], -2)


def flow(weights: Tensor, start: Tensor, times: Tensor, substeps: int) -> Tensor:
    """Integrate ``z' = W φ(z)`` by RK4 from ``(B, R)``: states ``(B, T, R)``."""
    states = RK4(substeps).march(lambda _, z: terms(z.clamp(-BOUND, BOUND)) @ weights.T, start, times)
    return states.transpose(0, 1)


def tangent_flow(
    weights: Tensor, start: Tensor, times: Tensor, substeps: int, *, forced: bool
) -> tuple[Tensor, Tensor]:
    """Integrate states and their derivatives by the start, and (``forced``) by the weights as well.

    Returns states ``(B, T, R)`` and tangents ``(B, T, R, P)``: P = R, or R F weights row by row and then the R of the
    start. They are the exact derivatives of the scheme, not of the field.
    """
    batch, size = start.shape
    extra = size * term_count(size) if forced else 0
    tangents = torch.zeros(batch, size, extra + size, dtype=start.dtype, device=start.device)
    tangents[:, :, extra:] = torch.eye(size, dtype=start.dtype, device=start.device)

    def field(_: Tensor, packed: Tensor) -> Tensor:
        z = packed[..., 0].clamp(-BOUND, BOUND)
        phi = terms(z)
        slope = weights @ term_slopes(z) @ packed[..., 1:]
        if forced:
            for row in range(size):
                slope[:, row, row * phi.shape[1] : (row + 1) * phi.shape[1]] += phi
        return torch.cat([(phi @ weights.T)[..., None], slope], -1)

    packed = RK4(substeps).march(field, torch.cat([start[..., None], tangents], -1), times).transpose(0, 1)
    return packed[..., 0], packed[..., 1:]
