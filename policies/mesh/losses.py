"""Losses of learned movers, per mesh: cell areas, chamfer distance, coordinates (UM2N, spec 1.7)."""

from __future__ import annotations

import torch
from torch import Tensor

from simplatform.policies.mesh.graph import Graph

AREA, CHAMFER, COORDINATES = 300.0, 100.0, 1000.0
"""Published factors of the three parts."""


def area_loss(graph: Graph, moved: Tensor, target: Tensor) -> Tensor:
    """Return (300/B) Σ |A_target − sign(A_target)·A_moved| over cells: the paper's element volume loss."""
    wanted = graph.areas(target)
    return AREA / len(graph) * (wanted.abs() - wanted.sign() * graph.areas(moved)).abs().sum()


def chamfer_loss(graph: Graph, moved: Tensor, target: Tensor) -> Tensor:
    """Return 100 × the symmetric mean squared distance to the nearest vertex, the mean over meshes.

    The published code matches across the meshes of a batch; here each mesh is matched to itself.
    """
    pairs = zip(moved.split(list(graph.sizes)), target.split(list(graph.sizes)), strict=True)
    return CHAMFER * torch.stack([_chamfer(a, b) for a, b in pairs]).mean()


def coordinate_loss(moved: Tensor, target: Tensor) -> Tensor:
    """Return 1000 × the mean absolute error of coordinates."""
    return COORDINATES * (moved - target).abs().mean()


def _chamfer(a: Tensor, b: Tensor) -> Tensor:
    # Only the pairs of neighbours carry a gradient, so the matrix of all distances need not.
    distances = torch.cdist(a.detach(), b.detach())
    there, back = b[distances.argmin(dim=1)], a[distances.argmin(dim=0)]
    return (a - there).square().sum(dim=1).mean() + (b - back).square().sum(dim=1).mean()
