"""The official networks of DCDM, and the operator of their recordings."""

from __future__ import annotations

import torch

from simplatform.policies.mesh.dcdm_training import laplacian
from simplatform.policies.mesh.directions import from_keras
from tests.parity import load


def official(case):
    """Return the official network of a recorded case, "n64" or "n128"."""
    return from_keras(load(f"dcdm-{case}")["state_dict"], f"published-{case[1:]}")


def grid_operator(dim, side=8):
    """Return −h²Δ on flat vectors of a grid."""
    return lambda x: laplacian(x.reshape(1, 1, *dim * [side])).reshape(-1)


def unit(*shape, seed=0):
    """Return right-hand sides of unit norm."""
    loads = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return loads / loads.flatten(1).norm(dim=1).reshape(-1, *(1,) * (loads.ndim - 1))
