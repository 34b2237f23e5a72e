"""SINDy: sparse regression on a library of polynomials (Brunton, Proctor & Kutz, 2016)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.errors import DataError
from simplatform.policies.dynamics.prediction.nvar import NVAR
from simplatform.policies.dynamics.prediction.parroting import Parroting
from simplatform.policies.dynamics.prediction.reservoir import Reservoir
from simplatform.policies.dynamics.prediction.sindy import SINDy, SINDyConfig
from tests.policies.dynamics.prediction.opponents_cases import error, fitted


def test_sindy_finds_lorenz_to_nine_digits_and_follows_it(lorenz):
    model = fitted(SINDy, lorenz[:2500], lorenz[2500:])
    assert model.counts().parameters == 7
    assert model.equations(["x", "y", "z"], 0.01) == ["-10*x + 10*y", "28*x + -1*y + -1*x*z", "-2.66667*z + 1*x*y"]
    assert error(model, lorenz[2500:], 900) < 0.05  # 8.2 Lyapunov times


def test_a_start_fitted_to_the_window_averages_the_noise(lorenz):
    model = fitted(SINDy, lorenz[:2500], lorenz[2500:], window=32)
    noise = 0.05 * lorenz.std(0) * np.random.default_rng(0).standard_normal((40, 32, 3))
    windows = torch.as_tensor(lorenz[1000:1032] + noise)
    gaps = []
    for fit in (False, True):
        model.fitted_start = fit
        gaps.append(float((model.predict(windows) - torch.as_tensor(lorenz[1032])).square().mean().sqrt()))
    assert gaps[1] < gaps[0] / 2


def test_sindy_prefers_few_terms_among_equals_and_says_when_none_is_left(lorenz):
    dense = fitted(SINDy, lorenz[:2500], lorenz[2500:], config=SINDyConfig(
        degrees=(2, 3), thresholds=(1e-9, 0.01), integral=(10,), weak=(), smoothing=()))  # fmt: skip
    assert dense.counts().parameters == 7
    with pytest.raises(DataError, match="dropped every term"):
        fitted(SINDy, lorenz[:500], lorenz[500:900], config=SINDyConfig(thresholds=(1e9,)))
    with pytest.raises(DataError, match=r"degree 2 has 5151 terms for 100 components"):
        fitted(SINDy, np.random.default_rng(0).normal(size=(50, 100)), [])


@settings(max_examples=8, deadline=None)
@given(exponent=st.integers(-9, 9), kind=st.sampled_from([NVAR, SINDy, Reservoir, Parroting]))
def test_nothing_depends_on_units(lorenz, exponent, kind):
    """The same model after scaling: valid as long, and the same states in the new unit."""
    unit, window = 10.0**exponent, torch.as_tensor(lorenz[None, 1000:1008].copy())
    here, there = (fitted(kind, s * lorenz[:600], s * lorenz[600:1000]) for s in (1.0, unit))
    torch.testing.assert_close(there.rollout(unit * window, 10) / unit, here.rollout(window, 10), rtol=1e-3, atol=1e-3)
    if kind is SINDy:
        assert torch.equal(here.weights != 0, there.weights != 0)
