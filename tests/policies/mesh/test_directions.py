"""Networks that propose conjugate directions: the published one to the digit, and the one for every grid."""

from __future__ import annotations

import pytest
import torch

from simplatform.errors import CheckpointError, ConfigError
from simplatform.policies.mesh.directions import direction_network, from_keras
from simplatform.solvers.conjugate_directions import conjugate_directions
from tests.parity import assert_same, load
from tests.policies.mesh.dcdm_cases import grid_operator, official


@pytest.mark.parametrize("case", ["n64", "n128"])
def test_the_published_network_answers_as_the_official_one(case):
    data, network = load(f"dcdm-{case}"), official(case)
    answer = network(data["inputs"]["b"].reshape(-1, 1, 8, 8, 8))
    assert_same(answer.movedim(1, -1), data["outputs"]["network_output"])
    assert sum(p.numel() for p in network.parameters()) == data["n_params"]


@pytest.mark.parametrize("case", ["n64", "n128"])
def test_the_published_iteration_is_repeated(case):
    data, network, apply = load(f"dcdm-{case}"), official(case), grid_operator(3)
    answers, right = data["outputs"], data["inputs"]["rhs"]

    @torch.no_grad()
    def ask(r):
        return network(r.float().reshape(1, 1, 8, 8, 8)).reshape(-1)

    found = conjugate_directions(apply, right, ask, most=6)
    assert_same(torch.tensor(found.residuals, dtype=torch.float64), answers["dcdm_residuals"])
    assert_same(found.x, answers["dcdm_solution"])
    forgetful = conjugate_directions(apply, right, ask, most=6, memory=0)
    assert_same(torch.tensor(forgetful.residuals, dtype=torch.float64), answers["no_memory_residuals"])
    formula = conjugate_directions(apply, right, lambda r: r + 0.3 * torch.sin(5 * r))
    assert_same(torch.tensor(formula.residuals, dtype=torch.float64), answers["dcdm_formula_residuals"], 1e-12)
    assert_same(formula.x, answers["dcdm_formula_solution"], 1e-12)


@pytest.mark.parametrize("shape", [(7, 7), (8, 13), (31, 6), (9, 8, 7)])
def test_the_multilevel_network_takes_any_grid_and_any_scale(shape):
    torch.manual_seed(0)
    network = direction_network("multilevel", len(shape), 4)
    residual = torch.randn(2, 1, *shape)
    answer = network(residual)
    assert answer.shape == residual.shape
    torch.testing.assert_close(network(3e4 * residual), 3e4 * answer, rtol=1e-4, atol=1e-3)


def test_wrong_weights_and_layouts_are_refused():
    data = {"dense/kernel": torch.zeros(4, 1), "dense/bias": torch.zeros(1)}
    for more in ({}, {"a": torch.zeros(3)}, {"conv3d_x/kernel": torch.zeros(3)}, {"conv3d_1/kernel": torch.zeros(())},
                 {"dense/kernel": torch.zeros(0, 1)}, {"dense/kernel": torch.zeros(())}):  # fmt: skip
        with pytest.raises(CheckpointError, match="published-64"):
            from_keras({**data, **more}, "published-64")
    with pytest.raises(CheckpointError, match="expected dense/kernel"):
        from_keras({}, "published-64")
    with pytest.raises(ConfigError, match="multilevel"):
        direction_network("unet", 2, 4)
