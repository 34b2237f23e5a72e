"""The deformer of M2N and UM2N: convex combinations of neighbours, sums along edges, the order of the history."""

from __future__ import annotations

import torch

from simplatform.policies.mesh.decoder import DeformBlock, Deformer, LocalExtractor, gather_sum, segment_softmax

EDGES = torch.tensor([[0, 1, 1, 2, 2, 0, 2, 3], [1, 0, 2, 1, 0, 2, 3, 2]])


def points(count=4, seed=0):
    return torch.rand(count, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_softmax_over_the_edges_into_a_vertex_sums_to_one():
    logits = torch.randn(8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 30
    weights = segment_softmax(logits, EDGES[1], 4)
    assert torch.allclose(gather_sum(weights, EDGES[1], 4), torch.ones(4, 3, dtype=torch.float64))
    shifted = segment_softmax(logits + 1000, EDGES[1], 4)
    assert torch.allclose(weights, shifted, atol=1e-10)


def test_sums_go_to_their_targets():
    found = gather_sum(torch.arange(8.0)[:, None], EDGES[1], 4)
    assert found[:, 0].tolist() == [1.0 + 4.0, 0.0 + 3.0, 2.0 + 5.0 + 7.0, 6.0]


def test_new_coordinates_lie_between_the_neighbours():
    block, at = DeformBlock(6, 5, 3).double(), points()
    moved, features = block(at, torch.randn(4, 6, dtype=torch.float64), EDGES, EDGES, last=False)
    assert features.shape == (4, 5)
    for vertex in range(4):
        neighbours = at[EDGES[0][EDGES[1] == vertex]]
        assert (moved[vertex] <= neighbours.amax(0) + 1e-12).all()
        assert (moved[vertex] >= neighbours.amin(0) - 1e-12).all()


def test_the_last_block_has_no_features_and_a_shift_moves_all():
    block, at, given = DeformBlock(6, 5, 2).double(), points(), torch.randn(4, 6, dtype=torch.float64)
    moved, none = block(at, given, EDGES, EDGES, last=True)
    assert none is None
    assert torch.allclose(block(at + 3, given, EDGES, EDGES, last=True)[0], moved + 3)


def test_the_history_is_the_newest_first():
    """Each block sees all earlier coordinates: sizes grow by two, and `reset` decides what is carried on."""
    deformer, at = Deformer(5, (6, 4, 3), heads=2).double(), points()
    assert [block.project.in_features for block in deformer.blocks] == [8, 8]
    seen = []
    hook = deformer.blocks[1].register_forward_hook(lambda module, given, out: seen.append(given[1]))
    held = lambda before, after: after + 10  # noqa: E731
    steps = deformer(at, torch.randn(4, 5, dtype=torch.float64), EDGES, EDGES, held)
    hook.remove()
    assert torch.equal(seen[0][:, :2], steps[0])
    assert torch.equal(seen[0][:, 2:4], at)
    assert len(steps) == 2


def test_local_features_end_with_the_length_of_the_edges():
    extractor, at = LocalExtractor(width=8, outputs=6).double(), points()
    monitor = torch.rand(4, dtype=torch.float64)
    found = extractor(at, monitor, EDGES)
    lengths = (at[EDGES[0]] - at[EDGES[1]]).norm(dim=1)
    assert torch.allclose(found[:, -1], gather_sum(lengths, EDGES[1], 4))
    assert torch.allclose(extractor(at + 2, monitor, EDGES), found, atol=1e-12)


def test_further_values_enter_by_their_differences():
    extractor, at = LocalExtractor(width=8, outputs=6, extra=2).double(), points()
    monitor, extra = torch.rand(4, dtype=torch.float64), torch.rand(4, 2, dtype=torch.float64)
    assert torch.allclose(extractor(at, monitor, EDGES, extra), extractor(at, monitor, EDGES, extra + 5), atol=1e-12)
