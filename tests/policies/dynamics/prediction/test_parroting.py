"""Context parroting: find the moment of the past that is nearest to now, and repeat what followed."""

from __future__ import annotations

import numpy as np
import torch

from simplatform.demonstrations import Demonstrations
from simplatform.policies.dynamics.prediction.parroting import Parroting, ParrotingConfig
from tests.policies.dynamics.prediction.conftest import episodes, shapes
from tests.policies.dynamics.prediction.opponents_cases import error, fitted, silent


def test_parroting_repeats_a_period_for_ever():
    t = 2 * np.pi / 50 * np.arange(410)
    states = np.stack([np.sin(t), np.cos(t)], 1)
    model = fitted(Parroting, states[:200], states[200:])
    assert error(model, states[205:], 190) < 1e-9  # on and on, past the end of its memory


def test_parroting_never_copies_across_trajectories():
    rows = [episodes(level + np.linspace(0, 0.5, 12)[:, None], 2)[0] for level in (0.0, 10.0)]
    model = Parroting(ParrotingConfig(delays=(2,)), shapes(2, 1))
    model.fit(Demonstrations(rows), validation=Demonstrations([]), progress=silent)
    path = model.rollout(torch.tensor([[[0.1], [0.15]]], dtype=torch.float64), 40)
    assert float(path.max()) < 1
