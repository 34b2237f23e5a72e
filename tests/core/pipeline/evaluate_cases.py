"""What the tests of evaluate share."""

from __future__ import annotations

import gymnasium

import simplatform as sp

SUCCESS = (sp.Metric("success", "rate", over="any"),)


def reach(**settings):
    return gymnasium.make("own/Reach-v0", **settings)
