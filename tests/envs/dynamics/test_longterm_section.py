"""Long-term statistics of a fit: the truth's own field has the truth's, a constant has none of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.envs.dynamics.longterm_section import longterm_section, shown, statistics
from simplatform.envs.dynamics.prediction import PredictionEnv
from simplatform.envs.dynamics.systems.lorenz63 import LORENZ63
from simplatform.envs.dynamics.truth import bundle
from simplatform.report import RunView
from simplatform.runs.rundir import RunDirectory


class Law:
    """Forecasts by the equations."""

    delays = 1

    def rollout(self, window, steps):
        times = 0.01 * np.broadcast_to(np.arange(steps + 1.0), (len(window), steps + 1))
        return torch.as_tensor(bundle(LORENZ63, window[:, -1].numpy(), times)[:, 1:].copy())


class Still(Law):
    """Repeats the last state."""

    def rollout(self, window, steps):
        return window[:, -1:].expand(-1, steps, -1).clone()


@pytest.fixture(scope="module")
def envs():
    return PredictionEnv("lorenz63", steps=400), PredictionEnv("lorenz63", steps=600)


def test_the_law_has_the_truths_statistics_and_a_constant_has_none(envs):
    law, still = (statistics(policy, *envs) for policy in (Law(), Still()))
    assert law.n == 400
    assert law.spectrum < 0.05 < law.spectrum_floor < still.spectrum
    assert law.measure < 0.05 < law.measure_floor < still.measure
    np.testing.assert_allclose(law.exponents, law.true_exponents, atol=0.05)
    np.testing.assert_allclose(still.exponents, 0, atol=1e-6)
    assert shown(np.array([0.5, 0.0])) == "0.5, 0"
    assert min(law.covered) > 0.3


def test_the_section_stands_in_a_report(tmp_path):
    settings = {"task.episodes": 2, "task.record": 0, "task.opponents": False}
    run = sp.run("persistence", "lorenz", settings=settings, output=tmp_path, device="cpu", until="evaluate")
    section = longterm_section(RunView(RunDirectory(run.path)))
    assert section is not None
    assert "Lyapunov exponents" in section.body
    assert "persistence" in section.body
