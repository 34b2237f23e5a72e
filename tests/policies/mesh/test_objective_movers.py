"""Movers that learn from an objective: limits are exact, and an objective given by name falls."""

import dataclasses

import pytest
import torch

from simplatform.contracts import Signature
from simplatform.errors import ConfigError, ContractError
from simplatform.policies.mesh import energy, refine
from simplatform.policies.mesh.graph import collate, graph_of, signed_areas
from simplatform.policies.mesh.m2n import M2N, raster
from simplatform.policies.mesh.objective import crowding, find_objective, valid_share
from simplatform.policies.mesh.um2n import UM2NConfig
from tests.policies.mesh.test_um2n import SIGNATURE, sample


def spread(moved, batch):
    """How far vertices are from the middle: a stand-in objective with a known gradient."""
    owners = torch.repeat_interleave(torch.arange(len(batch["sizes"])), batch["sizes"])
    squares = (moved - 0.5).square().sum(dim=1)
    return squares.new_zeros(len(batch["sizes"])).index_add(0, owners, squares)


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


def test_crowding_is_zero_on_the_original_mesh():
    graph = graph_of(collate([sample(5)]).observation)
    assert float(crowding(graph, graph.points, 0.3)) == 0.0
    assert float(crowding(graph, 0.0 * graph.points, 0.3)) == pytest.approx(0.09)


def test_unknown_objectives_list_the_known():
    with pytest.raises(ConfigError, match="no objective 'nonsense'"):
        find_objective("nonsense", Signature({}, (), {"problem": "helmholtz"}))


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


def test_direct_descent_lowers_the_objective_and_stays_valid(monkeypatch):
    monkeypatch.setattr(refine, "find_objective", lambda name, signature: spread)
    one = {key: value[None] for key, value in sample(6)["observation"].items()}
    answer = refine.RAdapt(refine.RAdaptConfig(steps=40), SIGNATURE).act(one, generator=torch.Generator())[0, 0]
    batch = collate([sample(6)])
    graph = graph_of(batch.observation)
    assert spread(graph.points + answer, batch.observation) < 0.8 * spread(graph.points, batch.observation)
    assert (graph.areas(graph.points + answer) > 0).all()
    sides = (graph.points == 0) | (graph.points == 1)
    assert answer[sides].abs().max() < 1e-12


def test_m2n_sees_the_picture_of_the_monitor():
    torch.manual_seed(0)
    policy = M2N(UM2NConfig(), SIGNATURE).double().eval()
    graph = policy.graph_of(collate([sample(5), sample(7)]))
    with torch.no_grad():
        assert policy(graph).shape == graph.points.shape
    x = torch.linspace(0, 1, 6, dtype=torch.float64)
    points = torch.cartesian_prod(x, x)
    picture = raster(points, points @ torch.tensor([2.0, 1.0], dtype=torch.float64))
    assert picture[0, 19] == pytest.approx(1.0)
    assert picture[19, 0] == pytest.approx(2.0)


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
