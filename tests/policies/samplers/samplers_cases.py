"""What the tests of samplers share."""

from __future__ import annotations

from simplatform.policies.manipulation.diffusion import squared_cosine
from simplatform.policies.samplers import (
    Levels,
    LinearVP,
    Straight,
)

PATHS = [LinearVP(), Straight(), Levels(squared_cosine(100).double().tolist())]
