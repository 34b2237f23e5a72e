"""Reservoir: an echo state network with a linear readout (Jaeger, 2001; forecasts of chaos: Pathak et al.."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.policies.dynamics.prediction.reservoir import Reservoir, ReservoirConfig
from tests.policies.dynamics.prediction.conftest import shapes
from tests.policies.dynamics.prediction.opponents_cases import error, fitted


def test_the_reservoir_is_the_librarys():
    nodes = pytest.importorskip("reservoirpy.nodes", reason="pip install reservoirpy")
    torch.manual_seed(0)
    model = Reservoir(ReservoirConfig(units=30, start="zero"), shapes(8, 3))
    model.chosen.copy_(torch.tensor([0.8, 0.4, 0.7], dtype=torch.float64))
    series = np.random.default_rng(0).normal(size=(20, 3))
    library = nodes.Reservoir(
        W=0.8 * model.recurrent.numpy(), Win=0.7 * model.inward.numpy(), bias=model.bias.numpy(), lr=0.4
    )
    state = model._driven(torch.as_tensor(series)[None])
    np.testing.assert_allclose(state[0].numpy(), np.asarray(library.run(series))[-1], rtol=1e-10)


def test_a_learned_start_spares_the_reservoir_its_warm_up(lorenz):
    model = fitted(Reservoir, lorenz[:2500], lorenz[2500:])
    state = torch.zeros(1, 100, dtype=torch.float64)
    path = (torch.as_tensor(lorenz[2500:2700]) - model.mean) / model.scale
    for x in path:
        state = model._stepper()(state, x[None])
    assert float((model._driven(path[None, -8:]) - state).abs().max()) < 0.02
    assert error(model, lorenz[2500:], 150) < 0.4
