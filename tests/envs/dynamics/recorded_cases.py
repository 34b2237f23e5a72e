"""What the tests of recorded share."""

from __future__ import annotations

import numpy as np


def waves(count=4, paths=5, samples=12):
    """Return oscillations of several frequencies, ``(E, N, T, 2)``, and their times."""
    times = np.linspace(0, 3, samples)
    phase = np.linspace(0, 2, paths)[None, :, None] + np.linspace(1, 2, count)[:, None, None] * times
    return np.stack([np.sin(phase), np.cos(phase)], axis=-1), times
