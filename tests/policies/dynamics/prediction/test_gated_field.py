"""A field of gates: the true terms are found, sines among them, and the law comes out as text."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from simplatform.errors import DataError
from simplatform.policies.dynamics.prediction.gated_field import GatedField, GatedFieldConfig
from tests.policies.dynamics.prediction.conftest import episodes, shapes

FAST = {"integral": (10,), "weak": (), "thresholds": (0.01,), "degrees": (2,), "pieces": 20, "horizons": (12,)}


@pytest.fixture(scope="module")
def pendulum():
    """Return 1200 samples of a damped pendulum that a wave drives: x' = v, v' = -sin x - 0.1 v, wide swings."""
    found = solve_ivp(lambda t, s: [s[1], -np.sin(s[0]) - 0.02 * s[1]], (0, 120), [2.9, 0.0], "DOP853",
                      0.1 * np.arange(1200), rtol=1e-11, atol=1e-12)  # fmt: skip
    return found.y.T


def fitted(path, window=4, **settings):
    made = GatedField(GatedFieldConfig(**{**FAST, **settings}), shapes(window, path.shape[1], dt=0.1))
    told = {}
    made.fit(episodes(path[:800], window), validation=episodes(path[800:], window),
             progress=lambda step, total, **metrics: told.update(metrics))  # fmt: skip
    return made, told


def test_a_sine_is_found_and_said(pendulum):
    made, told = fitted(pendulum, gates=("none", "waves", "corners"))
    assert made.choice.gates == "waves"
    first, second = made.equations(["x", "v"], 0.1)
    assert first == "1*v"
    assert set(second.replace("0.02", "D").split(" + ")) == {"-D*v", "-1*sin(x)"}
    assert told["terms"] == made.counts().parameters == 3
    windows = torch.as_tensor(pendulum[800:804])[None]
    said = made.rollout(windows, 300)[0]
    np.testing.assert_allclose(said, pendulum[804:1104], atol=1e-6)


def test_products_come_first_and_end_the_search(lorenz):
    made, told = fitted(lorenz, window=4, gates=("none", "waves"), degrees=(2, 3))
    assert made.choice == (2, "none")
    assert made.counts().parameters == 7
    assert told["validation_valid_steps"] > 800


def test_what_it_chose_comes_back_from_a_checkpoint(pendulum):
    made, _ = fitted(pendulum, gates=("none", "waves"))
    other = GatedField(made.config, shapes(4, 2, dt=0.1))
    other.weights = made.weights.clone()
    other.scale.copy_(made.scale)
    other.set_extra_state_json(made.get_extra_state_json())
    windows = torch.as_tensor(pendulum[500:504])[None]
    torch.testing.assert_close(other.rollout(windows, 50), made.rollout(windows, 50))


def test_too_large_a_threshold_is_said():
    random = np.random.default_rng(0).normal(size=(1200, 2))
    with pytest.raises(DataError, match=r"every term was dropped; lower policy\.thresholds"):
        fitted(random, thresholds=(100.0,))
