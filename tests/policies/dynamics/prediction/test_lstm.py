"""LSTM: the window warms its memory up, closed loops are what they say, and training helps."""

from __future__ import annotations

import numpy as np
import torch

from simplatform.policies.dynamics.prediction.lstm import LSTM, LSTMConfig
from tests.policies.dynamics.prediction.opponents_cases import error, fitted

WAVE = np.stack([np.sin(0.2 * np.arange(900)), np.cos(0.2 * np.arange(900))], 1)


def test_a_wave_is_followed_and_more_training_follows_it_longer():
    few, many = (
        fitted(LSTM, WAVE[:600], WAVE[600:], config=LSTMConfig(units=12, steps=steps, horizons=(1, 4), batch=32))
        for steps in (5, 150)
    )
    with torch.no_grad():
        for steps, share in ((3, 0.05), (10, 0.3)):
            first, second = (error(model, WAVE[600:], steps) for model in (few, many))
            assert second < share * first


def test_the_memory_is_the_windows_and_a_closed_loop_goes_on_with_it():
    torch.manual_seed(0)
    model = fitted(LSTM, WAVE[:200], WAVE[200:300], config=LSTMConfig(units=6, steps=2, horizons=(1,)))
    window = torch.as_tensor(WAVE[None, :8].copy())
    said = model.rollout(window, 5)
    torch.testing.assert_close(model.predict(window), said[:, 0])
    longer = torch.cat([window, said[:, :1]], 1)
    torch.testing.assert_close(model.rollout(longer, 4), said[:, 1:])
    other = window.clone()
    other[:, 0] += 1
    assert not torch.allclose(model.predict(other), said[:, 0])
    assert model.counts().parameters == 4 * 6 * (2 + 6 + 2) + 2 * (6 + 2) + 2
