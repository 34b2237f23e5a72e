"""Training proposals of conjugate directions: Ritz vectors, the loss, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.errors import ConfigError
from simplatform.policies.mesh.dcdm_training import (
    RightHandSides,
    fit,
    lanczos,
    laplacian,
    laplacian_matrix,
    residual_loss,
)
from simplatform.policies.mesh.directions import direction_network
from tests.parity import assert_same, load
from tests.policies.mesh.dcdm_cases import official, unit


@pytest.mark.parametrize("case", ["n64", "n128"])
def test_loss_and_gradient_are_the_official_ones(case):
    data, network = load(f"dcdm-{case}"), official(case)
    loss = residual_loss(network, laplacian, data["inputs"]["b"].reshape(-1, 1, 8, 8, 8))
    loss.backward()
    assert loss.item() == pytest.approx(data["outputs"]["loss"], rel=1e-5)
    norm = torch.stack([p.grad.norm() for p in network.parameters()]).norm().item()
    assert norm == pytest.approx(data["grad_norm"], rel=1e-5)


def test_lanczos_vectors_are_the_official_ones():
    data, matrix = load("dcdm-n64"), laplacian_matrix((8, 8, 8))
    found = lanczos(matrix, matrix @ data["inputs"]["lanczos_start"].numpy(), 12)
    for part in ("vectors", "diagonal", "subdiagonal"):
        assert_same(torch.from_numpy(getattr(found, part)), data["outputs"][f"lanczos_{part}"], 1e-12)


def test_the_two_forms_of_the_laplacian_agree_and_all_ritz_pairs_are_eigenpairs():
    matrix, x = laplacian_matrix((5, 7)), torch.randn(1, 1, 5, 7, dtype=torch.float64)
    assert np.allclose(matrix @ x.numpy().ravel(), laplacian(x).numpy().ravel())
    values, vectors = lanczos(matrix, np.cos(np.arange(35.0) ** 2), 35).ritz()
    kept = values > 1e-8
    assert np.abs(vectors[kept] @ matrix - values[kept, None] * vectors[kept]).max() < 1e-6
    loads = RightHandSides(matrix, 35, np.random.default_rng(0)).draw(400)
    assert np.allclose(np.linalg.norm(loads, axis=1), 1)
    share = ((loads @ vectors[kept].T) ** 2).mean(axis=0)
    assert share[: kept.sum() // 3].mean() > 20 * share[-kept.sum() // 3 :].mean()


def test_the_loss_is_that_of_the_best_step_and_falls_in_training():
    loads = unit(6, 1, 15, 15)
    assert residual_loss(lambda b: 7.0 * b, laplacian, loads).item() == pytest.approx(
        residual_loss(lambda b: b, laplacian, loads).item(), rel=1e-5
    )
    torch.manual_seed(0)
    network = direction_network("multilevel", 2, 4)
    losses = fit(network, [(15, 15)], steps=60, lr=5e-3, batch=4)
    assert np.mean(losses[-10:]) < 0.3 * np.mean(losses[:10])
    with pytest.raises(ConfigError, match="2 axes"):
        fit(network, [(4, 4, 4)], steps=1)
