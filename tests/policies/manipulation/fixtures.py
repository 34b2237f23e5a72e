"""Fixtures shared by the tests of point-cloud policies."""

from __future__ import annotations

from typing import Any

import numpy as np

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from tests.parity import load

SIGNATURE = Signature({"point_cloud": (32, 3), "agent_pos": (9,), "full_state": (39,)}, (4,))


def parity(name: str) -> dict[str, Any]:
    """Load what the official modules answered, with the encoder that all of them share among the weights."""
    data = load(name)
    data["state_dict"] |= load("point_cloud_encoder")["state_dict"]
    return data


def demonstrations(episodes: int = 2, length: int = 12, seed: int = 0) -> Demonstrations:
    """Return small random demonstrations that fit ``SIGNATURE``."""
    rng = np.random.default_rng(seed)

    def episode(number: int) -> Episode:
        shapes = {key: rng.normal(size=(length + 1, *shape)) for key, shape in SIGNATURE.observation.items()}
        observations = {key: value.astype(np.float32) for key, value in shapes.items()}
        return Episode(observations, rng.uniform(-1, 1, (length, 4)).astype(np.float32), seed=number)

    return Demonstrations([episode(i) for i in range(episodes)])
