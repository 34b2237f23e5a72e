"""Small families with exact solutions, as demonstrations: what the tests of reconstructors train on."""

from __future__ import annotations

import numpy as np

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode

SAMPLES = 9


def oscillator(rate, start, times):
    """Return x' = (y, −rate² x), solved exactly."""
    (x, y), c, s = start, np.cos(rate * times), np.sin(rate * times)
    return np.stack([x * c + y / rate * s, y * c - rate * x * s], axis=-1)


def decay(rate, start, times):
    """Return x' = −rate x, solved exactly."""
    return np.asarray(start) * np.exp(-rate * times)[:, None]


def episode(kind, rate, number, seed, support=3, family=0, end=2.0):
    """Return one episode of one system, sampled up to the time ``end``."""
    random, times = np.random.default_rng(seed), np.linspace(0, end, SAMPLES)
    paths = np.stack([kind(rate, random.uniform(0.5, 1.5, 2), times) for _ in range(support + 1)])
    labels = np.array([family, number], float)
    seen = {"support": paths[:-1], "initial": paths[-1, 0], "times": times, "labels": labels}
    observations = {key: np.stack([value, value]) for key, value in seen.items()}
    infos = {"environment": np.array([float(number)]), "family": np.array([float(family)])}
    return Episode(observations, paths[-1:], infos)


def families():
    """Return three oscillators on [0, 2] and three decays on [0, 1.5]."""
    systems = [(oscillator, rate, 0, 2.0) for rate in (1.5, 1.75, 2.0)]
    systems += [(decay, rate, 1, 1.5) for rate in (0.5, 0.75, 1.0)]
    return Demonstrations(
        [episode(kind, rate, n, 10 + n, family=f, end=end) for n, (kind, rate, f, end) in enumerate(systems)]
    )


def signature(support=3):
    """Return the signature of these episodes, labels included."""
    return Signature({"support": (support, SAMPLES, 2), "initial": (2,), "times": (SAMPLES,), "labels": (2,)}, (9, 2))
