"""r-adapt: move the vertices downhill on the solver's own error or energy. Slow."""

import torch

from simplatform.policies.mesh import refine
from simplatform.policies.mesh.graph import collate, graph_of
from tests.policies.mesh.objective_movers_cases import spread
from tests.policies.mesh.test_um2n import SIGNATURE, sample


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
