"""What the tests of data share."""

from __future__ import annotations

import numpy as np

from simplatform.demonstrations import Episode


def episode(length, width=3, start=0.0):
    steps = np.arange(length + 1, dtype=np.float32)[:, None] + start
    return Episode({"state": np.repeat(steps, width, 1)}, 100 + steps[:-1].repeat(2, 1))
