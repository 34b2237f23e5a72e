"""r-adapt: move the vertices downhill on the solver's own error or energy. Slow."""

import pytest
import torch

from simplatform.policies.mesh import refine
from simplatform.policies.mesh.graph import collate, graph_of
from tests.policies.mesh.objective_movers_cases import spread
from tests.policies.mesh.test_um2n import SIGNATURE, sample


@pytest.mark.parametrize("optimiser", ["adam", "triple-momentum"])
def test_direct_descent_lowers_the_objective_and_stays_valid(monkeypatch, optimiser):
    monkeypatch.setattr(refine, "find_objective", lambda name, signature: spread)
    one = {key: value[None] for key, value in sample(6)["observation"].items()}
    answer = refine.RAdapt(refine.RAdaptConfig(steps=40, optimiser=optimiser), SIGNATURE).act(
        one, generator=torch.Generator()
    )[0, 0]
    batch = collate([sample(6)])
    graph = graph_of(batch.observation)
    assert spread(graph.points + answer, batch.observation) < 0.8 * spread(graph.points, batch.observation)
    assert (graph.areas(graph.points + answer) > 0).all()
    sides = (graph.points == 0) | (graph.points == 1)
    assert answer[sides].abs().max() < 1e-12


@pytest.mark.parametrize("name", ["gradient", "nesterov", "triple-momentum", "heavy-ball"])
def test_descent_finds_the_minimum_of_a_bowl_and_never_returns_worse(name):
    weights = torch.linspace(1, 25, 14, dtype=torch.float64).reshape(7, 2)
    start = torch.ones(7, 2, dtype=torch.float64)
    found, costs = refine.descent(lambda x: (weights * x**2).sum(), start, 1.0, 150, name)
    assert float((weights * found**2).sum()) == min(costs)
    assert min(costs) < 1e-4 * costs[0]
