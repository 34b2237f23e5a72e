"""The StNN-style predictor: its count, what it can represent exactly, and what it learns in a second."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import ContractError, DataError
from simplatform.policies.dynamics.prediction.persistence import Persistence, PersistenceConfig
from simplatform.policies.dynamics.prediction.ridge import ridge
from simplatform.policies.dynamics.prediction.stnn import StNN, StNNConfig
from simplatform.policies.dynamics.prediction.validation import valid_steps


def signature(window=8, dim=3):
    return Signature({"window": (window, dim)}, (dim,))


def silent(step, total, **metrics):
    pass


def episode(states, window):
    """Return an episode whose observations are the windows of a trajectory ``(T, d)``."""
    windows = np.lib.stride_tricks.sliding_window_view(states, window, axis=0).transpose(0, 2, 1)
    return Episode({"window": windows}, states[window:])


def logistic(steps, start, dt=0.1):
    """Return x' = x (1 − x), solved exactly: a quadratic field."""
    t = dt * np.arange(steps)
    return (1 / (1 + (1 / start - 1) * np.exp(-t)))[:, None]


def test_parameters_are_counted_as_specified():
    # generators d·2p·(2q − 1), biases 2p·q, head 2p·q·d + d; for p = 4, q = 8, d = 3: 360 + 64 + 195
    model = StNN(StNNConfig(), signature())
    assert sum(p.numel() for p in model.parameters()) == 619


def test_ridge_against_least_squares():
    torch.manual_seed(0)
    x, y = torch.randn(50, 4, dtype=torch.float64), torch.randn(50, 2, dtype=torch.float64)
    weights, bias = ridge(x, y, 1e-14)
    whole = torch.linalg.lstsq(torch.cat([x, torch.ones(50, 1, dtype=torch.float64)], 1), y).solution
    torch.testing.assert_close(torch.cat([weights, bias[None]]), whole, rtol=1e-8, atol=1e-8)


def test_learns_a_quadratic_field_almost_exactly():
    starts = (0.02, 0.1, 0.3, 1.6, 2.5)
    data = Demonstrations([episode(logistic(60, start), 4) for start in starts])
    model = StNN(StNNConfig(delays=4, blocks=1, steps=0, varpro_steps=30), signature(4, 1))
    model.fit(data, validation=data[:1], progress=silent)
    truth = logistic(60, 0.05)
    window = torch.as_tensor(truth[:4].copy())[None]
    predicted = model.rollout(window, 56)[0].detach().numpy()
    assert np.abs(predicted - truth[4:]).max() < 1e-4


def test_same_data_same_bits():
    data = Demonstrations([episode(logistic(60, start), 4) for start in (0.02, 0.3, 1.6)])
    models = []
    for _ in range(2):
        torch.manual_seed(0)
        models.append(StNN(StNNConfig(delays=4, steps=30, varpro_steps=5), signature(4, 1)))
        models[-1].fit(data, validation=data, progress=silent)
    for a, b in zip(models[0].state_dict().values(), models[1].state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_windows_that_are_too_short_and_bad_data_are_named():
    with pytest.raises(ContractError, match=r"at least 8 states.*env.window"):
        StNN(StNNConfig(), signature(4))
    bad = logistic(30, 0.1)
    bad[7] = np.nan
    with pytest.raises(DataError, match="non-finite"):
        StNN(StNNConfig(delays=4), signature(4, 1)).fit(
            Demonstrations([episode(bad, 4)]), validation=Demonstrations([]), progress=silent
        )


def test_valid_steps_counts_to_the_first_loss():
    truth = torch.zeros(3, 5, 2)
    predicted = truth.clone()
    predicted[0, 2] = 1.0
    predicted[1, 4, 0] = float("nan")
    assert valid_steps(predicted, truth, torch.ones(2)) == pytest.approx((2 + 4 + 5) / 3)


def test_persistence_repeats_the_newest_state():
    window = torch.randn(2, 1, 4, 3, dtype=torch.float64)
    answer = Persistence(PersistenceConfig(), signature(4)).act({"window": window}, generator=torch.Generator())
    assert torch.equal(answer, window[:, :, -1])
