"""``simplatform/MetaWorld-v0``: Meta-World's 50 Sawyer tasks with point clouds, as Gymnasium wants them."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import mujoco
import numpy as np
from gymnasium.spaces import Box, Dict
from numpy.typing import NDArray

from simplatform.envs.manipulation.tasks import TASKS, group_of
from simplatform.envs.manipulation.vision import Markers, PointCloud, corner2
from simplatform.errors import UnknownName

Observation = dict[str, NDArray[np.float32]]
Action = NDArray[np.float32]
_STATE_BOUND = 100.0
_FAR_AWAY = 5.0


class MetaWorldEnv(gymnasium.Env[Observation, Action]):
    """One of Meta-World's 50 tasks (Yu et al., 2020, arXiv:1910.10897; version 3), seen as DP3, FlowPolicy and MP1 do.

    Observation, all float32 in the world frame (z up, table at 0): ``point_cloud`` (points, 3) in m, in farthest-point
    order, so that its first k points are the sample of k; ``agent_pos`` (9,), the positions of end effector, right
    finger and left finger in m; ``state`` (39,), Meta-World's full state including the goal, which experts see.
    Action (4,) in [−1, 1]: end-effector displacement in cm, and gripper effort (1 closes). One step is 12.5 ms.

    ``reset(seed=s)`` alone decides the episode: object and goal are drawn anew each time. Without a seed the next
    episode of the same stream starts. ``info["success"]`` is 0.0 or 1.0 at each step; ``info["diverged"]`` is 1.0 where
    the simulation or the action was not finite, which ends the episode. Episodes are truncated after ``max_steps``.

    Args:
        task: a name of ``simplatform.envs.manipulation.tasks.TASKS``.
        points: points per cloud; 0 leaves ``point_cloud`` out of the observation.
        max_steps: episode length in steps.
        terminate_on_success: end the episode at the first success.
        camera_size: pixels along each side of the camera, one ray each.
        crop: "workspace" (between the table's walls: arm and objects) or "published" (that of DP3, FlowPolicy and MP1,
            half of whose points lie on table and walls).
        backend: "rays", or "gl" for depth images by EGL or OSMesa.
        markers: show the task's goal as a small sphere in the cloud, as MuJoCo's renderer shows it.
        render_mode: None or "rgb_array".
        render_size: width and height of rendered frames in pixels.
        render_backend: "rays" (shaded ray casting, needs no GL) or "gl".

    Raises:
        UnknownName: a task, crop or backend that does not exist.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 80}  # noqa: RUF012
    units: ClassVar[dict[str, str]] = {"point_cloud": "m", "agent_pos": "m", "action": "cm, cm, cm, 1"}

    def __init__(
        self, task: str = "drawer-open", points: int = 512, max_steps: int = 200, terminate_on_success: bool = False,
        camera_size: int = 96, crop: str = "workspace", backend: str = "rays", markers: bool = True,
        render_mode: str | None = None, render_size: tuple[int, int] = (240, 180), render_backend: str = "rays",
    ) -> None:  # fmt: skip
        if task not in TASKS:
            raise UnknownName("Meta-World task", task, TASKS)
        self.task, self.max_steps, self.terminate_on_success = task, max_steps, terminate_on_success
        self.render_mode, self.render_backend = render_mode, render_backend
        self.render_size = (render_size[0], render_size[1])
        self.inner = _make_inner(task, max_steps)
        self._with_markers = markers
        camera = corner2(self.inner.model, camera_size)
        self._cloud = PointCloud(self.inner.model, camera, crop, points, backend) if points else None
        self._drawer: Any = None
        self.observation_space = _observation_space(points)
        self.action_space = Box(-1.0, 1.0, (4,), np.float32)
        self.metadata = {**self.metadata, "simplatform": self._describe(points, camera_size, crop)}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Draw object and goal, put the arm at its start; see the class for what is returned."""
        super().reset(seed=seed)
        mujoco.mj_resetData(self.inner.model, self.inner.data)
        self.inner.seed(int(self.np_random.integers(2**31)))
        state, _ = self.inner.reset()
        mujoco.mj_forward(self.inner.model, self.inner.data)
        self._steps = 0
        return self._observe(state), {"success": 0.0, "diverged": 0.0}

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Carry out one action (4,); values outside [−1, 1] are clipped."""
        finite = bool(np.isfinite(action).all())
        safe = np.clip(np.nan_to_num(np.asarray(action, np.float64)), -1.0, 1.0)
        state, reward, _, _, details = self.inner.step(safe)
        self._steps += 1
        finite = finite and bool(np.isfinite(state).all() and np.isfinite(self.inner.data.qpos).all())
        info = {key: float(value) for key, value in details.items()} | {"diverged": float(not finite)}
        terminated = not finite or (self.terminate_on_success and info["success"] > 0)
        return self._observe(state), float(reward) if finite else 0.0, terminated, self._steps >= self.max_steps, info

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """Return a picture (height, width, 3) of the scene, or None without a render mode."""
        if self.render_mode is None:
            return None
        if self._drawer is None:
            from simplatform.envs.manipulation.render import make_renderer

            self._drawer = make_renderer(self.render_backend, self.inner.model, self.render_size)
        frame: NDArray[np.uint8] = self._drawer.render(self.inner.data, self.markers)
        return frame

    def close(self) -> None:
        """Free the GL contexts, if there are any."""
        for holder in (self._drawer, self._cloud):
            if holder is not None and hasattr(holder, "close"):
                holder.close()
        self.inner.close()

    @property
    def markers(self) -> Markers:
        """Positions (M, 3) and radii (M,) in m of the task's goals."""
        model = self.inner.model
        shown = [(model.site(name).id, place) for name, place in _goals(self.inner)]
        shown = [(site, place) for site, place in shown if np.abs(place).max() < _FAR_AWAY]
        places = np.array([place for _, place in shown], float).reshape(-1, 3)
        return places, np.array([model.site_size[site, 0] for site, _ in shown])

    def _observe(self, state: NDArray[np.float64]) -> Observation:
        inner = self.inner
        fingers = [inner.data.site(name).xpos for name in ("rightEndEffector", "leftEndEffector")]
        agent = np.concatenate([inner.get_endeff_pos(), *fingers])
        observation = {
            "agent_pos": _bounded(agent, _FAR_AWAY),
            "state": _bounded(state, _STATE_BOUND),
        }
        if self._cloud is not None:
            observation["point_cloud"] = self._cloud(inner.data, self.markers if self._with_markers else None)
        return observation

    def _describe(self, points: int, camera_size: int, crop: str) -> dict[str, Any]:
        return {
            "dt": 0.0125, "dimension": 3, "frame": "world", "units": self.units, "task": self.task,
            "group": group_of(self.task), "points": points, "camera_size": camera_size, "crop": crop,
        }  # fmt: skip


def _make_inner(task: str, max_steps: int) -> Any:
    """Build Meta-World's own environment so that a seed decides the episode and the goal is observable."""
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    inner = ALL_V3_ENVIRONMENTS[f"{task}-v3"]()
    inner._partially_observable = False
    inner.__dict__.pop("sawyer_observation_space", None)
    inner._freeze_rand_vec, inner.seeded_rand_vec, inner._set_task_called = False, True, True
    inner.max_path_length = max_steps + 1
    return inner


def _goals(inner: Any) -> list[tuple[str, NDArray[np.float64]]]:
    return list(inner._target_site_config)


def _bounded(values: NDArray[np.float64], bound: float) -> NDArray[np.float32]:
    return np.clip(np.nan_to_num(values), -bound, bound).astype(np.float32)


def _observation_space(points: int) -> Any:
    spaces: dict[str, gymnasium.Space[Any]] = {
        "agent_pos": Box(-_FAR_AWAY, _FAR_AWAY, (9,), np.float32),
        "state": Box(-_STATE_BOUND, _STATE_BOUND, (39,), np.float32),
    }
    if points:
        spaces["point_cloud"] = Box(-_FAR_AWAY, _FAR_AWAY, (points, 3), np.float32)
    return Dict(spaces)
