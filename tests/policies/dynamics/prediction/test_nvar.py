"""NVAR: a polynomial of lagged states, by ridge regression ("next-generation reservoir", Gauthier et al.."""

from __future__ import annotations

import numpy as np
import torch

from simplatform.policies.dynamics.prediction.mean import MeanState
from simplatform.policies.dynamics.prediction.nvar import NVAR, NVARConfig
from tests.policies.dynamics.prediction.conftest import episodes, shapes
from tests.policies.dynamics.prediction.opponents_cases import error, fitted


def test_nvar_is_exact_on_a_polynomial_map():
    states = [np.array([0.1, 0.2])]
    for _ in range(600):  # the map of Hénon (1976)
        x, y = states[-1]
        states.append(np.array([1 - 1.4 * x * x + y, 0.3 * x]))
    states = np.array(states)
    model = fitted(NVAR, states[:400], states[400:], config=NVARConfig(orders=(1, 2, 3), delays=(1, 2)))
    assert error(model, states[450:], 30) < 1e-3  # its error grows by e^0.42 a step
    assert model.chosen[2] >= 2


def test_nvar_follows_lorenz_with_fewer_parameters_than_a_network(lorenz):
    model = fitted(NVAR, lorenz[:2500], lorenz[2500:])
    assert error(model, lorenz[2500:], 400) < 0.1
    assert model.counts().parameters <= 252


def test_the_mean_is_the_mean(lorenz):
    model = fitted(MeanState, lorenz[:500], lorenz[500:800])
    torch.testing.assert_close(model.predict(torch.zeros(2, 1, 3).double())[1], torch.as_tensor(lorenz[8:500].mean(0)))


def test_on_a_grid_one_stencil_predicts_all_points():
    """Waves of constant speed: a linear stencil over one lagged state is exact on their modes."""
    x, t = 2 * np.pi * np.arange(16) / 16, np.arange(200)[:, None]
    waves = np.hstack([np.cos(x - 0.1 * t) + 0.3 * np.sin(2 * x + 0.07 * t), np.sin(x - 0.1 * t)])
    model = NVAR(NVARConfig(orders=(1, 2), delays=(1, 2), stencil=2), shapes(8, 32, fields=2))
    model.fit(episodes(waves[:150], 8), validation=episodes(waves[150:], 8), progress=lambda *_, **metrics: None)
    first = 100 + model.delays
    predicted = model.rollout(torch.as_tensor(waves[None, 100:first].copy()), 50)[0].numpy()
    np.testing.assert_allclose(predicted, waves[first : first + 50], atol=1e-9)
    assert model.counts().parameters < 100  # of one stencil, for sixteen points
