"""What the tests of deployment share: a policy trained for a few steps on recordings, and an actor that is a rule."""

from __future__ import annotations

import time
from functools import cache

import numpy as np

import simplatform as sp
from simplatform.contracts import Signature
from tests.envs.recorded.cases import dp3, reach

SETTINGS = {"train.steps": 8, "train.batch": 8, "policy.points": 16, "policy.widths": [8], "task.record": 1}
LENGTHS = (12,) * 10


@cache
def raw(points=64):
    """Return the recordings as the camera gave them."""
    return reach(points=points, lengths=LENGTHS)


def trained(folder, points=64, **settings):
    """Train MP1 for a few steps on recordings of the point robot; the clouds are in no order."""
    path = dp3(folder / "own.zarr", raw(points))
    return sp.run("mp1", "replay", settings={"env.path": path, **SETTINGS, **settings}, output=folder / "runs")


def signature(size=2, observe=("agent_pos",), **metadata):
    ranges = {
        "agent_pos": {"low": [-1.0] * 3, "high": [1.0] * 3},
        "action": {"low": [-1.0] * size, "high": [1.0] * size},
    }
    return Signature({"agent_pos": (3,)}, (size,), {"ranges": ranges, **metadata})


class Rule:
    """Answers ``K`` actions: the first component of the newest state plus k tenths, after ``pause`` seconds."""

    observe, needed = 2, ("agent_pos",)

    def __init__(self, execute=3, pause=0.0, **metadata):
        self.execute, self.pause, self.asked, self.began = execute, pause, [], []
        self.signature = signature(**metadata)

    def reset(self, frame, seed):
        self.began.append(seed)

    def act(self, history):
        self.asked.append([frame["agent_pos"].copy() for frame in history])
        time.sleep(self.pause)
        value = float(history[-1]["agent_pos"][0])
        return np.float32([[value + 0.1 * k, 0.0] for k in range(self.execute)])


def frame(x=0.0):
    return {"agent_pos": np.float32([x, 0.0, 0.0])}
