"""Packed meshes as PyTorch Geometric's batches, for movers that are made of its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from simplatform.errors import MissingDependency
from simplatform.policies.mesh.graph import INTERIOR, Graph
from simplatform.policies.mesh.um2n import unit_coordinates, unit_monitor

if TYPE_CHECKING:
    from torch_geometric.data import Batch


def to_geometric(graph: Graph) -> Batch:
    """Return a batch of B graphs with N vertices in all, on the same device.

    ``pos (N, 2)`` are coordinates in m, ``x (N, 4)`` the features that UM2N sees (coordinates scaled to the unit
    square, boundary flag, monitor over its largest magnitude), ``edge_index (2, 2E)`` both directions of each side,
    ``face (3, C)`` cells; ``batch`` and ``ptr`` say whose the vertices are, as ``Batch.from_data_list`` would.

    Raises:
        MissingDependency: torch-geometric is not installed.
    """
    try:
        from torch_geometric.data import Batch, Data
    except ImportError as error:
        raise MissingDependency("graphs need torch-geometric: pip install 'simplatform[mesh]'") from error

    points, _, _ = unit_coordinates(graph)
    flags = (graph.flags != INTERIOR).to(points.dtype)
    features = torch.cat([points, flags[:, None], unit_monitor(graph)[:, None]], dim=1)
    edge_mesh = graph.mesh[graph.edges[0]]
    starts = [sum(graph.sizes[:i]) for i in range(len(graph))]
    parts = []
    for number, start in enumerate(starts):
        own = slice(start, start + graph.sizes[number])
        parts.append(
            Data(
                x=features[own],
                pos=graph.points[own],
                edge_index=graph.edges[:, edge_mesh == number] - start,
                face=graph.cells[graph.cell_mesh == number].t() - start,
            )
        )
    return Batch.from_data_list(parts)
