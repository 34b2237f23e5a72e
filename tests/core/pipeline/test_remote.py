"""Environments in worker processes: the same episodes, whoever dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import gymnasium
import numpy as np

from simplatform.pipeline.lockstep import Play, Stable, lockstep
from simplatform.pipeline.remote import Remotes
from tests.core.pipeline.reach import Reach
from tests.core.pipeline.test_lockstep import Noisy, alone, same


class Mortal(Reach):
    """Kills its process once, in its fourth step."""

    def step(self, action):
        place = Path(os.environ["MORTAL"])
        if len(self.sent) == 3 and not place.exists():
            place.write_text("died")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().step(action)


def reach(variant):
    return gymnasium.make("own/Reach-v0")


def mortal(variant):
    return gymnasium.wrappers.TimeLimit(Mortal(), 20)


def played(make, policy, count=10, width=4, workers=2):
    remotes = Remotes(make, workers)
    plays = [Play.of(None, "test", 5, number, False) for number in range(count)]
    try:
        found = list(lockstep(lambda env: policy, Stable(remotes.make), plays, width))
    finally:
        remotes.close()
    return [result for _, result in sorted(found, key=lambda pair: pair[0].number)]


def test_environments_in_workers_give_the_same_episodes():
    policy = Noisy()
    same(alone(Noisy(), 10), played(reach, policy))
    assert max(policy.widths) == 4


def test_episodes_of_a_killed_worker_are_played_again(tmp_path, monkeypatch):
    monkeypatch.setenv("MORTAL", str(tmp_path / "mortal"))
    found = played(mortal, Noisy())
    assert (tmp_path / "mortal").exists()
    same(alone(Noisy(), 10), found)


def test_nothing_is_left_in_shared_memory():
    before = set(os.listdir("/dev/shm")) if Path("/dev/shm").exists() else set()
    played(reach, Noisy(), count=3, width=2, workers=1)
    after = set(os.listdir("/dev/shm")) if Path("/dev/shm").exists() else set()
    assert not {name for name in after - before if name.startswith("psm_")}
    assert np.isfinite(len(after))
