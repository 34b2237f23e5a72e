"""What the tests of latent share."""

from __future__ import annotations

import numpy as np
import torch

from simplatform.envs.dynamics.systems.lorenz63 import LORENZ63
from simplatform.envs.dynamics.truth import trajectory


def lorenz(steps, noise=0.0, seed=0, dt=0.01):
    """Return a standardised trajectory ``(steps, 3)`` on the attractor."""
    start = trajectory(LORENZ63, np.array([-8.0, 8.0, 27.0 + seed]), np.array([0.0, 10.0]))[-1]
    states = torch.as_tensor(trajectory(LORENZ63, start, dt * np.arange(steps)))
    states = (states - states.mean(0)) / states.std(0)
    return states + noise * torch.randn(states.shape, generator=torch.Generator().manual_seed(seed), dtype=states.dtype)
