"""What tests of predictors share: signatures, trajectories as demonstrations, and one clean Lorenz path."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.envs.dynamics.systems.lorenz63 import LORENZ63
from simplatform.envs.dynamics.truth import trajectory


def shapes(window, dim, dt=0.01, fields=0):
    """Return the signature of windows ``(window, dim)``."""
    return Signature({"window": (window, dim)}, (dim,), {"dt": dt, "fields": fields})


def episodes(states, window):
    """Return a trajectory ``(T, d)`` as demonstrations."""
    windows = np.lib.stride_tricks.sliding_window_view(states, window, axis=0).transpose(0, 2, 1)
    return Demonstrations([Episode({"window": windows}, states[window:])])


@pytest.fixture(scope="session")
def lorenz():
    """Return 3500 samples of Lorenz-63, 0.01 apart."""
    return trajectory(LORENZ63, np.array([-8.0, 7.0, 27.0]), 0.01 * np.arange(3500))
