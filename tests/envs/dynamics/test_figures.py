"""Pictures of predictions: what is drawn is the data, in Lyapunov times, and a diverged prediction is cut off."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.figures import COMPONENTS, attractor, components, fields, growth
from simplatform.envs.dynamics.prediction import THRESHOLD, PredictionEnv

STEPS = 60


@pytest.fixture(scope="module")
def env():
    made = PredictionEnv("lorenz63")
    made.reset(seed=0)
    return made


def truth_of(env, steps=STEPS):
    return env.truth[env.window : env.window + steps]


def test_components_are_the_truth_and_the_prediction(env):
    truth = truth_of(env)
    axes = components(env, truth + 1.0, truth).axes
    assert len(axes) == min(3, COMPONENTS)
    for index, axis in enumerate(axes):
        true, predicted = (line.get_ydata() for line in axis.lines)
        assert np.array_equal(true, truth[:, index])
        assert np.array_equal(predicted, truth[:, index] + 1)
    time = axes[0].lines[0].get_xdata()
    assert time[0] == pytest.approx(env.dt * env.system.lyapunov)
    assert len(time) == STEPS
    assert axes[-1].get_xlabel() == "Lyapunov times"


def test_limits_are_those_of_the_truth_whatever_is_predicted(env):
    truth = truth_of(env)
    wild = components(env, truth * 1e9, truth).axes[0].get_ylim()
    assert wild == components(env, truth, truth).axes[0].get_ylim()


def test_growth_is_the_root_mean_square_in_units_of_spread(env):
    truth = truth_of(env)
    gap = np.zeros_like(truth)
    gap[:, 0] = env.scale[0] * np.linspace(0.1, 1, STEPS)
    axis = growth(env, truth + gap, truth).axes[0]
    assert axis.lines[0].get_ydata() == pytest.approx(np.linspace(0.1, 1, STEPS) / np.sqrt(3))
    grown = axis.lines[1].get_ydata() / axis.lines[0].get_ydata()[0]
    assert grown == pytest.approx(np.exp(axis.lines[1].get_xdata()), rel=1e-9), "one e-fold a Lyapunov time"
    assert axis.lines[2].get_ydata()[0] == THRESHOLD
    assert np.isfinite(growth(env, truth * 1e300, truth).axes[0].lines[0].get_ydata()).all()
    assert axis.get_yscale() == "log"


def test_the_attractor_needs_three_components(env):
    truth = truth_of(env)
    assert "data-space=" in attractor(env, truth, truth)
    assert attractor(env, truth[:, :2], truth[:, :2]) == ""


def test_fields_are_images_of_truth_prediction_and_difference():
    env = PredictionEnv("kuramoto-sivashinsky")
    truth = np.random.default_rng(0).normal(size=(20, env.system.dim))
    images = [axis.images[0].get_array() for axis in fields(env, 2 * truth, truth).axes[:3]]
    for image, wanted in zip(images, (truth, 2 * truth, truth), strict=True):
        assert np.allclose(np.asarray(image), wanted.T)
