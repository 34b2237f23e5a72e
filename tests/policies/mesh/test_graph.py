"""Packed batches of meshes of different sizes, as in PyTorch Geometric: vertices one after another."""

import dataclasses

import pytest
import torch

from simplatform.errors import ContractError
from simplatform.policies.mesh import energy
from simplatform.policies.mesh.graph import collate, graph_of, signed_areas
from simplatform.policies.mesh.objective import valid_share
from tests.policies.mesh.objective_movers_cases import spread
from tests.policies.mesh.test_um2n import SIGNATURE, sample


def test_the_valid_share_is_where_the_first_cell_collapses():
    graph = graph_of(collate([sample(4), sample(6)]).observation)
    displacement = 0.4 * torch.randn(
        graph.points.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    share = valid_share(graph, displacement, 0.0)
    assert (share < 1).all()
    for factor, valid in ((0.999, True), (1.001, False)):
        areas = signed_areas(graph.points + factor * share[graph.mesh][:, None] * displacement, graph.cells)
        for mesh in range(2):
            assert bool((areas[graph.cell_mesh == mesh] > 0).all()) == valid
    assert (valid_share(graph, 1e-4 * displacement, 0.0) == 1).all()


def test_training_on_an_objective_lowers_it(monkeypatch):
    monkeypatch.setattr(energy, "find_objective", lambda name, signature: spread)
    torch.manual_seed(0)
    policy = energy.UM2NEnergy(energy.ObjectiveConfig(), SIGNATURE).train()
    batch = collate([sample(4), sample(5)])
    optimiser = torch.optim.Adam(policy.parameters(), 3e-3)
    values = []
    for _ in range(30):
        loss = policy.loss(batch, generator=torch.Generator())
        optimiser.zero_grad()
        loss.total.backward()
        optimiser.step()
        values.append(float(loss.parts["objective"]))
    assert values[-1] < values[0]


def test_the_solution_is_seen_where_wanted_and_missed_by_name():
    torch.manual_seed(0)
    policy = energy.UM2NEnergy(energy.ObjectiveConfig(solution=True), SIGNATURE).double().eval()
    graph = policy.graph_of(collate([sample(5)]))
    changed = dataclasses.replace(graph, solution=graph.solution.flip(0))
    scaled = dataclasses.replace(graph, solution=7 * graph.solution - 3)
    with torch.no_grad():
        assert not torch.allclose(policy(graph), policy(changed))
        assert torch.allclose(policy(graph), policy(scaled))
        with pytest.raises(ContractError, match=r"policy\.solution=false"):
            policy(dataclasses.replace(graph, solution=None))
        assert energy.UM2NEnergy(energy.UGM2NConfig(), SIGNATURE)(dataclasses.replace(graph, solution=None).to(
            torch.device("cpu"), torch.float32)).shape == graph.points.shape  # fmt: skip
