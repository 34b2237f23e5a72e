"""What the tests of searched share."""

from __future__ import annotations

from benchmarks.samplers.mixture import PATH, reference


def far(found, count=1000):
    return float((found - reference(PATH, count)).square().sum(1).mean().sqrt())
