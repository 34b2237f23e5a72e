"""Packed meshes and PyTorch Geometric's batches are the same graphs."""

import pytest
import torch

from simplatform.policies.mesh.geometric import to_geometric
from simplatform.policies.mesh.graph import graph_of, pack

pytest.importorskip("torch_geometric", reason="pip install 'simplatform[mesh]'")

TRIANGLE = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
SQUARE = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0], [1.0, 1.0]]
FAN = [[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]


def sample(points, cells, flags):
    points = torch.tensor(points, dtype=torch.float64)
    return {
        "points": points,
        "cells": torch.tensor(cells),
        "monitor": 1 + points.sum(1),
        "boundary": torch.tensor(flags),
    }


@pytest.fixture
def graph():
    return graph_of(pack([sample(TRIANGLE, [[0, 1, 2]], [2, 2, 2]), sample(SQUARE, FAN, [2, 2, 2, 2, 0])]))


def test_each_mesh_is_a_graph_of_its_own(graph):
    first, second = to_geometric(graph).to_data_list()
    assert first.face.t().tolist() == [[0, 1, 2]]
    assert second.face.t().tolist() == FAN
    torch.testing.assert_close(second.pos, torch.tensor(SQUARE, dtype=torch.float64))
    assert (first.num_edges, second.num_edges) == (6, 16)
    assert first.is_undirected()
    assert second.is_undirected()
    assert not second.has_isolated_nodes()


def test_the_batch_is_the_packed_graph(graph):
    batch = to_geometric(graph)
    assert torch.equal(batch.batch, graph.mesh)
    assert batch.ptr.tolist() == [0, 3, 8]
    pairs = [sorted(map(tuple, edges.t().tolist())) for edges in (batch.edge_index, graph.edges)]
    assert pairs[0] == pairs[1]


def test_features_are_scaled_mesh_by_mesh(graph):
    features = to_geometric(graph).x
    assert features[:, :2].amax(0).tolist() == [1, 1]
    assert features[-1].tolist() == [0.5, 0.5, 0, 3 / 5]
