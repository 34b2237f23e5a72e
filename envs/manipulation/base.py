"""What all manipulation environments share: a MuJoCo task seen as a point cloud."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from numpy.typing import NDArray

from simplatform.envs.manipulation.vision.camera import Markers
from simplatform.envs.manipulation.vision.clouds import PointCloud

Observation = dict[str, NDArray[np.float32]]
Action = NDArray[np.float32]
Floats = NDArray[np.float64]

STATE_BOUND = 100.0
"""Bound of full states, in their own units; values beyond are clipped."""

REACH = 5.0
"""Bound of places in m and of joint angles in rad; values beyond are clipped."""


class PointCloudEnv(gymnasium.Env[Observation, Action]):
    """A MuJoCo task whose observation is a point cloud, the robot's own state, and the full state for experts.

    Subclasses give ``inner`` (an environment with ``model`` and ``data``), ``_start``, ``_advance``, ``_agent`` and,
    where there are goals to show, ``markers``. ``info["success"]`` is 0.0 or 1.0 at each step. What is not finite,
    action or simulation, ends the episode with ``info["diverged"]`` = 1.0 and no reward.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": ["rgb_array"], "simplatform": {"processes": True},
    }  # fmt: skip

    def __init__(
        self,
        inner: Any,
        cloud: PointCloud | None,
        sizes: tuple[int, int, int],
        description: dict[str, Any],
        *,
        max_steps: int,
        terminate_on_success: bool,
        markers: bool,
        render: tuple[str | None, tuple[int, int], str],
    ) -> None:
        """``sizes`` are those of robot state, full state and action; ``render`` is mode, frame size and backend."""
        agent, state, action = sizes
        self.inner, self._cloud = inner, cloud
        self.max_steps, self.terminate_on_success, self._with_markers = max_steps, terminate_on_success, markers
        self.render_mode, self.render_size, self.render_backend = render
        self._drawer: Any = None
        self._steps, self._shows_cloud = 0, True
        self.observation_space = _space(agent, state, cloud.count if cloud else 0)
        self.action_space = Box(-1.0, 1.0, (action,), np.float32)
        clouds = {"clouds": {"point_cloud": {"points": cloud.count}}} if cloud else {}
        self.metadata = {**self.metadata, "simplatform": {"dimension": 3, "frame": "world", **clouds, **description}}

    @abstractmethod
    def _start(self, seed: int) -> Floats:
        """Start the episode that the seed decides; return the full state."""

    @abstractmethod
    def _advance(self, action: Floats) -> tuple[Floats, float, dict[str, float]]:
        """Carry out an action within bounds; return full state, reward, and info with ``success``."""

    @abstractmethod
    def _agent(self) -> Floats:
        """Return the robot's own state."""

    @property
    def markers(self) -> Markers:
        """Places (M, 3) and radii (M,) in m of the goals that are shown; none here."""
        return np.empty((0, 3)), np.empty(0)

    def show(self, names: Collection[str] | None) -> None:
        """Leave the cloud out of observations from the next reset on, unless it is among the names; None shows it."""
        self._shows_cloud = names is None or "point_cloud" in names

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; see the class for what is returned. Without a seed the stream's next one is drawn."""
        super().reset(seed=seed)
        state = self._start(int(self.np_random.integers(2**31)))
        self._steps = 0
        return self._observe(state), {"success": 0.0, "diverged": 0.0}

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Carry out one action; values outside [−1, 1] are clipped."""
        finite = bool(np.isfinite(action).all())
        safe = _clipped(np.asarray(action, np.float64), 1.0)
        state, reward, info = self._advance(safe)
        self._steps += 1
        finite = finite and bool(np.isfinite(state).all() and np.isfinite(self.inner.data.qpos).all())
        info = {**info, "diverged": float(not finite)}
        terminated = not finite or (self.terminate_on_success and info["success"] > 0)
        return self._observe(state), reward if finite else 0.0, terminated, self._steps >= self.max_steps, info

    def render(self) -> NDArray[np.uint8] | None:
        """Return a picture (height, width, 3) of the scene, or None without a render mode."""
        if self.render_mode is None:
            return None
        if self._drawer is None:
            self._drawer = self._make_renderer()
        frame: NDArray[np.uint8] = self._drawer.render(self.inner.data, self.markers)
        return frame

    @abstractmethod
    def _make_renderer(self) -> Any:
        """Return the renderer of this scene."""

    def close(self) -> None:
        """Free the GL contexts, if there are any."""
        for holder in (self._drawer, self._cloud, self.inner):
            if holder is not None:
                holder.close()

    def _observe(self, state: Floats) -> Observation:
        observation = {"agent_pos": _bounded(self._agent(), REACH), "state": _bounded(state, STATE_BOUND)}
        if self._cloud is not None and self._shows_cloud:
            cloud = self._cloud(self.inner.data, self.markers if self._with_markers else None)
            observation["point_cloud"] = np.minimum(np.maximum(cloud, -REACH), REACH)
        return observation


def _bounded(values: Floats, bound: float) -> NDArray[np.float32]:
    return _clipped(values, bound).astype(np.float32)


def _clipped(values: Floats, bound: float) -> Floats:
    """Return ``np.clip(np.nan_to_num(values), -bound, bound)``, for small arrays in a third of its time."""
    safe = values if np.isfinite(values).all() else np.nan_to_num(values)
    return np.minimum(np.maximum(safe, -bound), bound)


def _space(agent: int, state: int, points: int) -> Any:
    spaces: dict[str, gymnasium.Space[Any]] = {
        "agent_pos": Box(-REACH, REACH, (agent,), np.float32),
        "state": Box(-STATE_BOUND, STATE_BOUND, (state,), np.float32),
    }
    if points:
        spaces["point_cloud"] = Box(-REACH, REACH, (points, 3), np.float32)
    return Dict(spaces)
