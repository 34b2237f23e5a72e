"""Closed forms against LAPACK, and hat functions by what defines them."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.simplices import determinants, hat_gradients, inverses


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_closed_forms_equal_lapack(dim):
    matrices = np.random.default_rng(dim).normal(size=(20, 3, dim, dim))
    np.testing.assert_allclose(determinants(matrices), np.linalg.det(matrices), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(inverses(matrices), np.linalg.inv(matrices), rtol=1e-8)


def test_a_singular_matrix_has_no_finite_inverse():
    assert not np.isfinite(inverses(np.ones((1, 2, 2)))).any()


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_hat_functions_are_one_at_their_corner_and_zero_at_the_others(dim):
    corners = np.random.default_rng(dim).normal(size=(9, dim + 1, dim))
    steps = np.einsum("nabd,nkd->nabk", corners[:, :, None] - corners[:, None], hat_gradients(corners))
    hats = np.eye(dim + 1)
    np.testing.assert_allclose(steps, (hats[:, None] - hats[None])[None].repeat(9, 0), atol=1e-9)
