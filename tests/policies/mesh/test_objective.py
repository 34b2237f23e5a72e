"""Training and refining on what the solver says, instead of imitating a mover."""

import pytest

from simplatform.contracts import Signature
from simplatform.errors import ConfigError
from simplatform.policies.mesh.graph import collate, graph_of
from simplatform.policies.mesh.objective import crowding, find_objective
from tests.policies.mesh.test_um2n import sample


def test_crowding_is_zero_on_the_original_mesh():
    graph = graph_of(collate([sample(5)]).observation)
    assert float(crowding(graph, graph.points, 0.3)) == 0.0
    assert float(crowding(graph, 0.0 * graph.points, 0.3)) == pytest.approx(0.09)


def test_unknown_objectives_list_the_known():
    with pytest.raises(ConfigError, match="no objective 'nonsense'"):
        find_objective("nonsense", Signature({}, (), {"problem": "helmholtz"}))
