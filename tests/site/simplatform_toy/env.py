"""A point in the plane and a goal; deterministic under reset(seed=…)."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
import torch


class PointMass(gymnasium.Env):
    metadata: ClassVar[dict[str, Any]] = {
        "render_modes": ["rgb_array"],
        "render_fps": 10,
        "simplatform": {"dt": 0.1, "unit": "m"},
    }

    def __init__(self, steps=12, spread=1.0, render_mode=None):
        self.steps, self.spread, self.render_mode = steps, spread, render_mode
        self.observation_space = gymnasium.spaces.Dict(
            {"state": gymnasium.spaces.Box(-np.inf, np.inf, (4,), np.float32)}
        )
        self.action_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._point = np.zeros(2)
        self._goal = self.np_random.uniform(-self.spread, self.spread, 2)
        self._left = self.steps
        return self._observe(), {}

    def step(self, action):
        self._point = self._point + 0.3 * np.clip(np.asarray(action, float), -1, 1)
        self._left -= 1
        distance = float(np.linalg.norm(self._goal - self._point))
        info = {"success": float(distance < 0.1), "distance": distance}
        return self._observe(), -distance, False, self._left == 0, info

    def render(self):
        frame = np.full((16, 16, 3), 255, np.uint8)
        x, y = np.clip(8 + 4 * self._point, 0, 15).astype(int)
        frame[y, x] = (200, 30, 30)
        return frame

    def _observe(self):
        return {"state": np.concatenate([self._point, self._goal]).astype(np.float32)}


class CloudMass(PointMass):
    """The same point, seen as robot policies see: a cloud around it and the goal, and where it is."""

    metadata: ClassVar[dict[str, Any]] = {
        **PointMass.metadata,
        "simplatform": {**PointMass.metadata.get("simplatform", {}), "goals": ["left", "right"]},
    }
    """The last numbers of the state stand for a token, for policies that write one."""

    def __init__(self, steps=12, spread=1.0, render_mode=None):
        super().__init__(steps, spread, render_mode)
        boxes = {key: gymnasium.spaces.Box(-np.inf, np.inf, shape, np.float32)
                 for key, shape in (("point_cloud", (32, 3)), ("agent_pos", (4,)), ("state", (4,)))}  # fmt: skip
        self.observation_space = gymnasium.spaces.Dict(boxes)

    def _observe(self):
        state = super()._observe()["state"]
        angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        ring = 0.1 * np.stack([np.cos(angles), np.sin(angles), 0 * angles], 1)
        cloud = np.concatenate([ring + [*self._point, 0], ring + [*self._goal, 0]]).astype(np.float32)
        return {"point_cloud": cloud, "agent_pos": state, "state": state}


class ToyExpert:
    """Goes straight to the goal."""

    observe = execute = 1

    def __init__(self, env):
        self.env = env

    def reset(self, observation):
        pass

    def act(self, observation, *, generator):
        state = observation["state"][:, -1]
        return torch.clamp((state[:, 2:] - state[:, :2]) / 0.3, -1, 1)[:, None]
