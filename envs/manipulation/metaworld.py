"""``simplatform/MetaWorld-v0``: Meta-World's 50 Sawyer tasks with point clouds, as Gymnasium wants them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import mujoco
import numpy as np
from numpy.typing import NDArray

from simplatform.envs.manipulation.base import REACH, Floats, PointCloudEnv
from simplatform.envs.manipulation.quicker import make_quicker
from simplatform.envs.manipulation.tasks import TASKS, group_of
from simplatform.envs.manipulation.vision.camera import Markers
from simplatform.envs.manipulation.vision.clouds import PointCloud, corner2
from simplatform.envs.manipulation.vision.crop import named_crop
from simplatform.envs.manipulation.vision.render import Stage, make_renderer
from simplatform.errors import UnknownName

STAGE = Stage(view_from=(0.92, -0.2, 0.86), view_at=(-0.02, 0.6, 0.14), angle=0.72, lamp=(-0.5, -0.5, 3.0))
"""The table from the front right, above the arm."""


class MetaWorldEnv(PointCloudEnv):
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
        among: tasks that one policy shall do; which of them this is follows the nine numbers of ``agent_pos``, as a
            one-hot vector.

    Raises:
        UnknownName: a task (one that is not ``among`` them), crop or backend that does not exist.
    """

    metadata: dict[str, Any] = {"render_fps": 80, **PointCloudEnv.metadata}  # noqa: RUF012
    units: ClassVar[dict[str, str]] = {"point_cloud": "m", "agent_pos": "m", "action": "cm, cm, cm, 1"}

    def __init__(
        self, task: str = "drawer-open", points: int = 512, max_steps: int = 200, terminate_on_success: bool = False,
        camera_size: int = 96, crop: str = "workspace", backend: str = "rays", markers: bool = True,
        render_mode: str | None = None, render_size: tuple[int, int] = (240, 180), render_backend: str = "rays",
        among: Sequence[str] = (),
    ) -> None:  # fmt: skip
        for name, known in ((task, TASKS), *((one, TASKS) for one in among), (task, tuple(among) or TASKS)):
            if name not in known:
                raise UnknownName("Meta-World task", name, known)
        self.task = task
        self._token = np.array([float(one == task) for one in among])
        inner = _make_inner(task, max_steps)
        camera = corner2(inner.model, camera_size)
        cloud = PointCloud(inner.model, camera, named_crop(crop, camera), points, backend) if points else None
        super().__init__(
            inner, cloud, (9 + len(among), 39, 4), self._describe(points, camera_size, crop), max_steps=max_steps,
            terminate_on_success=terminate_on_success, markers=markers,
            render=(render_mode, (render_size[0], render_size[1]), render_backend),
        )  # fmt: skip

    def _start(self, seed: int) -> Floats:
        mujoco.mj_resetData(self.inner.model, self.inner.data)
        self.inner.seed(seed)
        state, _ = self.inner.reset()
        mujoco.mj_forward(self.inner.model, self.inner.data)
        return np.asarray(state)

    def _advance(self, action: Floats) -> tuple[Floats, float, dict[str, float]]:
        state, reward, _, _, details = self.inner.step(action)
        return state, float(reward), {key: float(value) for key, value in details.items()}

    def _agent(self) -> Floats:
        fingers = [self.inner.data.site(name).xpos for name in ("rightEndEffector", "leftEndEffector")]
        return np.concatenate([self.inner.get_endeff_pos(), *fingers, self._token])

    def _make_renderer(self) -> Any:
        return make_renderer(self.render_backend, self.inner.model, STAGE, self.render_size)

    @property
    def markers(self) -> Markers:
        """Positions (M, 3) and radii (M,) in m of the task's goals."""
        model = self.inner.model
        shown = [(model.site(name).id, place) for name, place in _goals(self.inner)]
        shown = [(site, place) for site, place in shown if np.abs(place).max() < REACH]
        places = np.array([place for _, place in shown], float).reshape(-1, 3)
        return places, np.array([model.site_size[site, 0] for site, _ in shown])

    def _describe(self, points: int, camera_size: int, crop: str) -> dict[str, Any]:
        return {
            "dt": 0.0125, "units": self.units, "task": self.task,
            "group": group_of(self.task), "points": points, "camera_size": camera_size, "crop": crop,
            "places": 3,
        }  # fmt: skip


def _make_inner(task: str, max_steps: int) -> Any:
    """Build Meta-World's own environment so that a seed decides the episode and the goal is observable."""
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    inner = ALL_V3_ENVIRONMENTS[f"{task}-v3"]()
    inner._partially_observable = False
    inner.__dict__.pop("sawyer_observation_space", None)
    inner._freeze_rand_vec, inner.seeded_rand_vec, inner._set_task_called = False, True, True
    inner.max_path_length = max_steps + 1
    make_quicker(inner)
    return inner


def _goals(inner: Any) -> list[tuple[str, NDArray[np.float64]]]:
    return list(inner._target_site_config)
