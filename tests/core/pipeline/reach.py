"""A user's own environment and policies, as strangers write them: every way of reporting success, and every fault."""

from __future__ import annotations

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box, Dict

KINDS = {
    "bool": bool, "numpy.bool_": np.bool_, "float32": np.float32, "0-d array": np.array, "int": int,
    "1-element array": lambda v: np.array([v], float), "list": lambda v: [bool(v)], "tensor": torch.tensor,
    "bool array": lambda v: np.array([[v]]), "1-element tensor": lambda v: torch.tensor([float(v)], requires_grad=True),
}  # fmt: skip


class Reach(gymnasium.Env):
    """A point robot; ``fault`` names what it does wrong at its fifth step. It never ends unless ``terminate``."""

    def __init__(self, kind="bool", terminate=False, key="success", limit=1.0, unit=1.0, fault="", fixed=False):
        self.kind, self.terminate, self.key, self.unit, self.fault = KINDS[kind], terminate, key, unit, fault
        self.fixed = fixed
        self.observation_space = Dict({k: Box(-np.inf, np.inf, (4,), np.float32) for k in ("goal", "state")})
        self.action_space = Box(-limit, limit, (4,), np.float32)

    def _near(self):
        return np.linalg.norm(self.target - self.position) < 0.1

    def _observation(self):
        goal, state = [*self.target * self.unit, 0], [*self.position * self.unit, self._near()]
        return {"goal": np.array(goal, np.float32), "state": np.array(state, np.float32)}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=0 if self.fixed else seed)
        self.target, self.position = self.np_random.uniform(-0.3, 0.3, (2, 3))
        self.sent = []
        return self._observation(), {}

    def step(self, action):
        self.sent.append(np.array(action))
        self.position = self.position + np.asarray(action[:3], float)
        observation, info = self._observation(), {self.key: self.kind(self._near())}
        if len(self.sent) == 5 and self.fault:
            observation = FAULTS[self.fault](observation)
        return observation, -1.0, bool(self.terminate and self._near()), False, info


FAULTS = {
    "nan": lambda o: {**o, "state": o["state"] * np.nan}, "shape": lambda o: {**o, "state": o["state"][:2]},
    "dropped": lambda o: {"goal": o["goal"]}, "none": lambda o: None, "array": lambda o: o["state"],
    "objects": lambda o: {**o, "state": np.array([None] * 4)}, "new": lambda o: {**o, "more": o["goal"]},
}  # fmt: skip


class Oracle:
    """Goes half the way to the goal; ``answer`` makes of it what is returned."""

    observe = execute = 1

    def __init__(self, answer=lambda action: action):
        self.answer = answer

    def reset(self, observation):
        self.first = observation

    def act(self, observation, *, generator):
        goal, state = observation["goal"][:, -1], observation["state"][:, -1]
        step = 0.5 * (goal[:, :3] - state[:, :3])
        return self.answer(torch.cat([step, state[:, 3:]], 1)[:, None].float())


if "own/Reach-v0" not in gymnasium.registry:
    gymnasium.register("own/Reach-v0", Reach, max_episode_steps=20)
