"""``simplatform/Adroit-v0``: a Shadow hand that opens a door, hammers, turns a pen or carries a ball."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from simplatform.envs.manipulation.base import Floats, PointCloudEnv
from simplatform.envs.manipulation.vision.camera import Camera, Markers
from simplatform.envs.manipulation.vision.clouds import PointCloud
from simplatform.envs.manipulation.vision.crop import Crop
from simplatform.envs.manipulation.vision.render import Stage, make_renderer
from simplatform.errors import MissingDependency, UnknownName

TASKS = ("door", "hammer", "pen", "relocate")
HAND_JOINTS = 24

STAGE = Stage(view_from=(0.75, -0.85, 0.7), view_at=(0.0, 0.0, 0.16), angle=0.68, lamp=(0.6, -0.8, 2.6))
CAMERA_AT, CAMERA_LOOKS_AT, CAMERA_ANGLE = (0.45, -0.7, 0.75), (0.0, -0.05, 0.12), 0.95
CROP = Crop(np.zeros(3), np.eye(3), np.array([-0.5, -0.8, 0.004]), np.array([0.5, 0.6, 1.0]))
"""The space above the table: hand and objects."""


class AdroitEnv(PointCloudEnv):
    """One of the four tasks of the Adroit hand (Rajeswaran et al., 2018, arXiv:1709.10087), by gymnasium-robotics.

    Observation, all float32 in the world frame (z up, table at 0): ``point_cloud`` (points, 3) in m, in farthest-point
    order; ``agent_pos`` (J,), the robot's joints in m and rad; ``state``, the task's own observation with object and
    goal.
    Action (J + arm,) in [−1, 1]: joint position targets over their ranges, 24 of the hand and 0 to 6 of the arm before
    them. One step is 10 ms. Seeds, ``info`` and the end of an episode are as in ``PointCloudEnv``.

    Args:
        task: "door", "hammer", "pen" or "relocate".
        points: points per cloud; 0 leaves ``point_cloud`` out of the observation.
        max_steps: episode length in steps.
        terminate_on_success: end the episode at the first success.
        camera_size: pixels along each side of the camera, one ray each.
        arm: put the arm's joints before the 24 of the hand into ``agent_pos``; DP3, FlowPolicy and MP1 see the hand's.
        backend: "rays", or "gl" for depth images by EGL or OSMesa.
        markers: show the goal of "relocate" as a sphere in the cloud.
        render_mode: None or "rgb_array".
        render_size: width and height of rendered frames in pixels.
        render_backend: "rays" (shaded ray casting, needs no GL) or "gl".

    Raises:
        UnknownName: a task or backend that does not exist.
        MissingDependency: gymnasium-robotics is not there.
    """

    metadata: dict[str, Any] = {"render_fps": 100, **PointCloudEnv.metadata}  # noqa: RUF012

    def __init__(
        self, task: str = "relocate", points: int = 512, max_steps: int = 250, terminate_on_success: bool = False,
        camera_size: int = 96, arm: bool = True, backend: str = "rays", markers: bool = True,
        render_mode: str | None = None, render_size: tuple[int, int] = (240, 180), render_backend: str = "rays",
    ) -> None:  # fmt: skip
        self.task = task
        inner = _make_inner(task)
        model, actions = inner.model, inner.action_space.shape[0]
        joints = model.jnt_qposadr[model.actuator_trnid[:, 0]]
        self._joints = joints if arm else joints[-HAND_JOINTS:]
        camera = Camera.looking_at(CAMERA_AT, CAMERA_LOOKS_AT, CAMERA_ANGLE, camera_size, camera_size)
        cloud = PointCloud(model, camera, CROP, points, backend) if points else None
        units = {"point_cloud": "m", "agent_pos": "m, rad", "action": "1"}
        description = {"dt": 0.01, "units": units, "task": task, "points": points, "camera_size": camera_size}
        super().__init__(
            inner, cloud, (len(self._joints), inner.observation_space.shape[0], actions), description,
            max_steps=max_steps, terminate_on_success=terminate_on_success, markers=markers,
            render=(render_mode, (render_size[0], render_size[1]), render_backend),
        )  # fmt: skip

    @property
    def markers(self) -> Markers:
        """Place (1, 3) and radius (1,) in m of where the ball of "relocate" shall go; none in the other tasks."""
        if self.task != "relocate":
            return super().markers
        site = self.inner.data.site("target")
        return site.xpos[None].copy(), self.inner.model.site_size[[site.id], 0] / 2

    def _start(self, seed: int) -> Floats:
        state, _ = self.inner.reset(seed=seed)
        return np.asarray(state, float)

    def _advance(self, action: Floats) -> tuple[Floats, float, dict[str, float]]:
        state, reward, _, _, info = self.inner.step(action)
        return np.asarray(state, float), float(np.squeeze(reward)), {"success": float(np.squeeze(info["success"]))}

    def _agent(self) -> Floats:
        values: Floats = self.inner.data.qpos[self._joints]
        return values

    def _make_renderer(self) -> Any:
        return make_renderer(self.render_backend, self.inner.model, STAGE, self.render_size)


def _make_inner(task: str) -> Any:
    if task not in TASKS:
        raise UnknownName("Adroit task", task, TASKS, f"There are {', '.join(TASKS)}.")
    try:
        module = import_module(f"gymnasium_robotics.envs.adroit_hand.adroit_{task}")
    except ModuleNotFoundError as error:
        raise MissingDependency("Adroit needs gymnasium-robotics: pip install 'simplatform[adroit]'") from error
    return getattr(module, f"AdroitHand{task.capitalize()}Env")(reward_type="dense")
