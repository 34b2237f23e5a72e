"""A Gaussian process of the increment: it passes through what it is conditioned on, and follows Lorenz a while."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.errors import CheckpointError
from simplatform.policies.dynamics.prediction.gaussian_process import (
    GaussianProcess,
    GaussianProcessConfig,
    farthest,
)
from tests.policies.dynamics.prediction.conftest import shapes
from tests.policies.dynamics.prediction.opponents_cases import error, fitted

SMALL = GaussianProcessConfig(points=300, lengths=(1.0, 3.0), noises=(1e-6, 0.1), delays=(1, 2))


def test_it_follows_lorenz_and_passes_through_its_points(lorenz):
    model = fitted(GaussianProcess, lorenz[:2000], lorenz[2000:], config=SMALL)
    assert error(model, lorenz[2000:], 100) < 0.2
    windows = torch.as_tensor(np.stack([lorenz[k : k + 8] for k in range(1992)]))
    gaps = (model.predict(windows[:, -model.delays :]) - torch.as_tensor(lorenz[8:2000])).abs().amax(1)
    assert float(gaps.median()) < 1e-3
    assert int((gaps < 1e-4).sum()) >= 300  # those that it was conditioned on
    assert float(model.counts().parameters) > 300 * 3


def test_points_are_spread_over_what_was_visited():
    x = torch.cat([torch.zeros(500, 2), torch.tensor([[5.0, 0.0], [0.0, 7.0]])]).double()
    x += 0.01 * torch.randn(x.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert {500, 501} <= set(farthest(x, 3).tolist())
    assert farthest(x[:2], 5).tolist() == [0, 1]


def test_what_it_keeps_comes_back_and_must_fit(lorenz):
    model = fitted(GaussianProcess, lorenz[:600], lorenz[600:900], config=SMALL)
    other = GaussianProcess(SMALL, shapes(8, 3))
    for name in ("points", "weights", "linear", "length", "mean", "scale", "step_scale"):
        setattr(other, name, getattr(model, name).clone())
    other.set_extra_state_json(model.get_extra_state_json())
    window = torch.as_tensor(lorenz[None, 100:102].copy())
    torch.testing.assert_close(other.predict(window), model.predict(window))
    with pytest.raises(CheckpointError, match="are not of 7 delays"):
        other.set_extra_state_json({"delays": 7})
