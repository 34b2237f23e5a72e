"""M2N: mesh movement networks for PDE solvers (Song et al., NeurIPS 2022, arXiv:2204.11188)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from simplatform.contracts import Signature
from simplatform.policies.mesh.exporting import refuse_export
from simplatform.policies.mesh.graph import Graph
from simplatform.policies.mesh.um2n import UM2N, UM2NConfig, unit_coordinates, unit_monitor
from simplatform.seeding import moved

RASTER = 20
"""Sample points per side of the picture of the monitor."""


class M2N(UM2N):
    """UM2N's local features and deformer; the global features come from a small CNN on a picture of the monitor."""

    def __init__(self, config: UM2NConfig, signature: Signature) -> None:
        super().__init__(config, signature)

    def globally(self, points: Tensor, monitor: Tensor, graph: Graph) -> Tensor:
        """Return the picture's features, the same for all vertices of a mesh: ``(N, 16)``."""
        if graph.home is not None:  # a picture is interpolated on the host, of what is there already
            points = unit_coordinates(graph.home)[0] if self.config.normalise else graph.home.points
            monitor = unit_monitor(graph.home)
        sizes = list(graph.sizes)
        drawn = [raster(p, m) for p, m in zip(points.split(sizes), monitor.split(sizes), strict=True)]
        features: Tensor = self.encoder(moved(torch.stack(drawn), graph.points.device)[:, None])
        return features[graph.mesh]

    def _encoder(self) -> nn.Module:
        return PictureEncoder()


class PictureEncoder(nn.Module):
    """Four convolutions with SELU and a global mean: ``(B, 1, 20, 20)`` → ``(B, 16)``."""

    def __init__(self) -> None:
        super().__init__()
        shapes = ((1, 32, 3, 1), (32, 64, 5, 2), (64, 32, 3, 2), (32, 16, 3, 2))
        self.layers = nn.ModuleList([nn.Conv2d(i, o, kernel, padding=padding) for i, o, kernel, padding in shapes])

    def forward(self, pictures: Tensor) -> Tensor:
        """Return one vector per picture."""
        for layer in self.layers:
            pictures = F.selu(layer(pictures))
        return pictures.mean(dim=(2, 3))


def raster(points: Tensor, values: Tensor) -> Tensor:
    """Return nodal values sampled at 20 × 20 places of the unit square, ``(20, 20)``; outside the mesh, the nearest
    vertex.

    Raises:
        ContractError: while it is traced for an export.
    """
    refuse_export("its picture of the monitor is interpolated")
    from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

    places, nodal = points.detach().cpu().numpy(), values.detach().cpu().numpy()
    x = np.linspace(0, 1, RASTER)
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    sampled = LinearNDInterpolator(places, nodal)(grid)
    outside = np.isnan(sampled)
    sampled[outside] = NearestNDInterpolator(places, nodal)(grid[outside])
    return torch.as_tensor(sampled.reshape(RASTER, RASTER)).to(values)
