"""The predictor with a state of its own: exact tangents, hidden states that are found, corrections that converge."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import DataError
from simplatform.policies.dynamics.prediction.latent import LatentStNN, LatentStNNConfig
from simplatform.policies.dynamics.prediction.quadratic import flow
from tests.policies.dynamics.prediction.latent_cases import lorenz

# Lorenz-63 in units of 10, 10 and 25, z counted from 25: weights of the terms 1, x, y, z, xx, xy, xz, yy, yz, zz
LORENZ = torch.tensor(
    [
        [0, -10, 10, 0, 0, 0, 0, 0, 0, 0],
        [0, 3, -1, 0, 0, 0, -25, 0, 0, 0],
        [-8 / 3, 0, 0, -8 / 3, 0, 4, 0, 0, 0, 0],
    ],
    dtype=torch.float64,
)


def demonstrations(path, window):
    """Return a trajectory ``(T, d)`` as demonstrations."""
    windows = np.lib.stride_tricks.sliding_window_view(path.numpy(), window, axis=0).transpose(0, 2, 1)
    return Demonstrations([Episode({"window": windows}, path.numpy()[window:])])


def model(hidden, **settings):
    """Return a model that knows the field of Lorenz' scaled equations, and has not learned to read windows."""
    config = LatentStNNConfig(hidden=hidden, delays=10, lag=5, width=8, **settings)
    found = LatentStNN(config, Signature({"window": (46, 3 - hidden)}, (3 - hidden,), {"dt": 0.01}))
    with torch.no_grad():
        found.field.copy_(LORENZ)
        if found.encoder is not None:
            found.encoder.head.weight.zero_()
            found.encoder.head.bias.zero_()
    return found


def scaled(count, steps):
    """Return ``count`` true trajectories in the units of ``LORENZ``, by the scheme of the model."""
    starts = torch.tensor([[1.2, 0.3, 0.2], [-0.5, -0.9, -0.3], [0.9, 1.1, -0.1]], dtype=torch.float64)[:count]
    return flow(LORENZ, starts, 0.01 * torch.arange(steps, dtype=torch.float64), 2)


def test_corrections_find_the_hidden_state_from_nothing():
    truth = scaled(3, 246)
    predictor = model(2, corrections=16, substeps=2)
    states = predictor.assimilated(truth[:, :46, :1])
    torch.testing.assert_close(states, truth[:, :46], rtol=1e-6, atol=1e-6)
    predicted = predictor.rollout(truth[:, :46, :1], 200)
    torch.testing.assert_close(predicted, truth[:, 46:, :1], rtol=1e-4, atol=1e-4)
    chunk = predictor.act({"window": truth[:, None, :46, :1]}, generator=torch.Generator())
    assert chunk.shape == (3, 500, 1)


def test_corrections_average_noise_and_never_make_a_window_worse():
    torch.manual_seed(0)
    truth = scaled(3, 46)
    noisy = truth + 0.01 * torch.randn_like(truth)
    predictor = model(0, corrections=3, substeps=2)
    error = (predictor.assimilated(noisy)[:, -1] - truth[:, -1]).abs().mean()
    assert float(error.detach()) < 0.5 * float((noisy - truth)[:, -1].abs().mean())
    rubbish = torch.randn(3, 46, 3, dtype=torch.float64)
    without, corrected = (model(0, corrections=count).assimilated(rubbish) for count in (0, 3))
    assert bool(torch.isfinite(corrected).all())
    assert bool(((corrected - rubbish).square().mean((1, 2)) <= (without - rubbish).square().mean((1, 2))).all())


def test_parameters_and_operations_are_counted():
    config = LatentStNNConfig()
    predictor = LatentStNN(config, Signature({"window": (96, 1)}, (1,), {"dt": 0.01}))
    # field 3 x 10; blocks of 24 x 20 and 24 x 24, two each, and their biases; head of 48 features to 2
    assert predictor.counts().parameters == 30 + (2 * 43 + 48) + (2 * 47 + 48) + (48 * 2 + 2)
    plain = LatentStNN(config.model_copy(update={"hidden": 0, "corrections": 0}), predictor_signature())
    step = 4 * (6 + 3 * 19) + 13 * 3
    assert plain.counts().flops == step + 96 * step / 500


def predictor_signature():
    return Signature({"window": (96, 3)}, (3,), {"dt": 0.01})


@pytest.mark.slow
def test_it_learns_lorenz_from_x_alone():
    window = 46
    path, said = lorenz(5000)[:, :1], {}
    torch.manual_seed(0)
    config = LatentStNNConfig(delays=10, lag=5, horizons=(25, 50), pieces=50, steps=50, varpro_steps=10, corrections=8)
    predictor = LatentStNN(config, Signature({"window": (window, 1)}, (1,), {"dt": 0.01}))
    data = demonstrations(path, window)
    predictor.fit(data, validation=data, progress=lambda step, total, **m: said.update(m))
    assert said["misfit"] < 1e-4
    assert said["validation_valid_steps"] > 500  # five Lyapunov times from a window of half of one


def test_trajectories_that_are_too_short_are_named():
    path = lorenz(80)
    predictor = LatentStNN(LatentStNNConfig(hidden=0, delays=10, lag=1), Signature({"window": (10, 3)}, (3,)))
    with pytest.raises(DataError, match=r"policy.horizons"):
        predictor.fit(demonstrations(path, 10), validation=Demonstrations([]), progress=lambda step, total, **m: None)
