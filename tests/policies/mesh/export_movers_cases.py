"""What the tests of export movers share."""

from __future__ import annotations

from simplatform.pipeline.environments import make_env
from simplatform.pipeline.rollout import History
from simplatform.recipes import resolve


def seen(**env):
    """Return the first observation of an episode."""
    task = resolve("um2n", settings={f"env.{key}": value for key, value in env.items()}).task
    history = History(1, "cpu")
    history.push(make_env(task, "test", 0).reset(seed=1)[0])
    return dict(history.batch())
