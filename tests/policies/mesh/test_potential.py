"""One Newton step of the Monge–Ampère equation from rest, as a feature of vertices."""

import warnings

import pytest
import torch

from simplatform.policies.mesh.graph import collate, graph_of
from simplatform.policies.mesh.potential import potential
from tests.policies.mesh.um2n_cases import sample


def test_the_potential_is_the_first_newton_step_and_means_the_same_at_every_resolution():
    """For m = 1 + ε cos πx the linearised equation gives ∇φ = ε sin(πx)/π to first order."""
    slopes = []
    for n in (16, 32):
        graph = graph_of(collate([sample(n), sample(5)]).observation)
        monitor = 0.5 * (1 + 1e-3 * torch.cos(torch.pi * graph.points[:, 0]))
        score = potential(graph, graph.points, monitor)[: (n + 1) ** 2]
        phi = 8 * score / n**2
        x = graph.points[: (n + 1) ** 2, 0]
        assert torch.allclose(phi, 1e-3 * -torch.cos(torch.pi * x) / torch.pi**2 * -1, atol=3e-6)
        slopes.append(float(phi.max() - phi.min()))
    assert slopes[0] == pytest.approx(slopes[1], rel=0.02)
    flat = potential(graph, graph.points, torch.zeros(len(graph.points)))
    assert flat.abs().max() < 1e-12


def test_a_mesh_with_a_cell_without_area_has_no_potential_and_spoils_no_other():
    graph = graph_of(collate([sample(4), sample(3)]).observation)
    monitor = torch.linspace(0, 1, len(graph.points))
    points = graph.points.clone()
    mine = graph.mesh == 0
    points[mine] = points[mine] * torch.tensor([1.0, 0.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = potential(graph, points, monitor)
        assert potential(graph, 0 * points, monitor).isnan().all()
    assert found[mine].isnan().all()
    assert torch.equal(found[~mine], potential(graph, graph.points, monitor)[~mine])
