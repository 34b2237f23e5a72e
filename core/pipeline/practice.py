"""Practice: a policy plays episodes of its task to learn from what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import gymnasium

from simplatform.contracts import Policy, Practises, Task
from simplatform.pipeline.environments import make_env
from simplatform.pipeline.lockstep import Play
from simplatform.pipeline.rollout import one_thread, rollout
from simplatform.pipeline.shards import decided, scored
from simplatform.plugin_host.host import get_host
from simplatform.seeding import torch_generator

SPLIT = "practice"


def practises(policy: str) -> bool:
    """Return whether policies of a registered name practise; a factory's are not known before they are built."""
    kind = get_host().registry("policy").get(policy).load()
    return isinstance(kind, type) and issubclass(kind, Practises)


class Rehearsed:
    """Episodes of the split "practice": none of them teaches otherwise, and none is a test."""

    def __init__(self, policy: Policy, task: Task, seed: int) -> None:
        self.variants, self.metric = len(task.variants), task.metric.name
        self._policy, self._task, self._seed = policy, task, seed
        self._env = cache(self._made)

    def __call__(self, episode: int, attempt: int = 0) -> Mapping[str, float]:
        """Play an episode and return its metrics, those that are better lower with the other sign."""
        one = Play.of(self._task, SPLIT, self._seed, episode, numbered=False)
        generator = torch_generator(self._seed, f"act/{SPLIT}/{attempt}", episode)
        stop = decided(self._task) or (lambda info: False)
        with one_thread():
            played = rollout(self._policy, self._env(one.variant), seed=one.seed, generator=generator, stop=stop)
        found = scored(played, self._task, one).episode.metrics
        return {m.name: found[m.name] * (1.0 if m.better == "higher" else -1.0) for m in self._task.metrics}

    def _made(self, variant: int) -> gymnasium.Env[Any, Any]:
        return make_env(self._task, SPLIT, variant)
