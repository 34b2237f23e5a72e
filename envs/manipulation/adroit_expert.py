"""A scripted expert for Adroit's "relocate": above the ball, down, close the hand, carry.

It works on the simulator's state: the palm follows its goal by damped least squares on the arm's Jacobian (Wampler,
1986), with gravity compensated and some damping, through the position servos that the environment's actions set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import mujoco
import numpy as np
import torch
from torch import Generator, Tensor

from simplatform.envs.manipulation.base import Floats
from simplatform.errors import ContractError

ARM = 6
REACHING = np.array([0, 1, 2, 3])
"""Joints that move the palm: three slides and the tilt; the other two turn back to zero."""

WEIGHTS = np.diag([1.0, 1.0, 1.0, 4.0])
STIFFNESS, FOLLOW, DAMPING, GAIN = 200.0, 100.0, 10.0, 500.0
"""Servo stiffness and actuator gain of the arm's joints; what the expert adds to follow and to damp. MuJoCo's units."""

GRASP = np.array([0.03, -0.048, 0.027])
"""Where the palm is, seen from the ball, when the hand closes, in m."""

HOVER, LONGEST = 0.06, np.array([0.06, 0.06, 0.15])
FINGER_OPEN, FINGER_CLOSED = [0.0, 0.2, 0.2, 0.2], [0.0, 1.3, 1.2, 1.0]
OPEN = np.array([*FINGER_OPEN * 3, 0.0, *FINGER_OPEN, -0.3, 1.2, 0.0, 0.0, -0.1])
CLOSED = np.array([*FINGER_CLOSED * 3, 0.3, *FINGER_CLOSED, 0.6, 1.2, 0.2, 0.4, -0.9])
"""Joint targets in rad of four fingers (the little one has a joint more) and the thumb."""


class RelocateExpert:
    """Carries the ball to its goal; it sees the simulator, not the observation: one environment at a time."""

    observe = 1
    execute = 1

    def __init__(self, inner: Any) -> None:
        self._inner, self._model, self._data = inner, inner.model, inner.data
        self._palm = inner.model.site("S_grasp").id
        self._phase, self._since, self._hold = "above", 0, np.zeros(3)

    def reset(self, observation: Mapping[str, Tensor]) -> None:
        """Begin with the approach."""
        self._phase, self._since = "above", 0

    def act(self, observation: Mapping[str, Tensor], *, generator: Generator | None = None) -> Tensor:
        """Return the next action, (1, 1, 30)."""
        palm = self._data.site_xpos[self._palm]
        self._advance(palm, self._data.body("Object").xpos)
        control = np.concatenate([self._arm(self._goal(palm) - palm), np.zeros(2), self._fingers()])
        action = np.clip((control - self._inner.act_mean) / self._inner.act_rng, -1.0, 1.0)
        return torch.as_tensor(action.astype(np.float32))[None, None]

    def _advance(self, palm: Floats, ball: Floats) -> None:
        """Go on to the next phase when this one has done its part."""
        self._since += 1
        gap = palm - ball - GRASP
        if self._phase == "above" and np.hypot(*gap[:2]) < 0.012 and abs(gap[2] - HOVER) < 0.03:
            self._enter("down")
        elif self._phase == "down" and (gap[2] < 0.008 or self._since > 80):
            self._hold = ball + GRASP
            self._enter("grasp")
        elif self._phase == "grasp" and self._since > 25:
            self._enter("carry")

    def _enter(self, phase: str) -> None:
        self._phase, self._since = phase, 0

    def _goal(self, palm: Floats) -> Floats:
        ball, target = self._data.body("Object").xpos, self._data.site("target").xpos
        goals = {
            "above": ball + GRASP + [0, 0, HOVER],
            "down": ball + GRASP,
            "grasp": self._hold,
            "carry": palm + np.clip(target - ball, -0.05, 0.05),
        }
        goal: Floats = goals[self._phase]
        return goal

    def _fingers(self) -> Floats:
        return OPEN if self._phase in ("above", "down") else CLOSED

    def _arm(self, way: Floats) -> Floats:
        """Return the arm's six servo targets that bring the palm some way (3,) in m."""
        jacobian = np.zeros((3, self._model.nv))
        mujoco.mj_jacSite(self._model, self._data, jacobian, None, self._palm)
        reach = jacobian[:, REACHING]
        way = np.clip(way * [1, 1, 3], -LONGEST, LONGEST)
        joints, speed = self._data.qpos[:ARM], self._data.qvel[:ARM]
        move = np.zeros(ARM)
        move[REACHING] = WEIGHTS @ reach.T @ np.linalg.solve(reach @ WEIGHTS @ reach.T + 1e-4 * np.eye(3), way)
        move[4:] = -0.1 * joints[4:]
        force = STIFFNESS * (joints + move) + FOLLOW * move - DAMPING * speed + self._data.qfrc_bias[:ARM]
        targets: Floats = force / GAIN
        return targets


def adroit_expert(env: gymnasium.Env[Any, Any]) -> RelocateExpert:
    """Return the scripted expert of "relocate".

    Raises:
        ContractError: another environment, or another of Adroit's tasks: those have demonstrations, and no script.
    """
    inner = env.unwrapped
    if getattr(inner, "task", None) != "relocate" or not hasattr(inner, "inner"):
        raise ContractError(
            f"expected simplatform/Adroit-v0 with task 'relocate', got {env}; for door, hammer and pen open "
            "demonstrations of others: simplatform.demonstrations.formats.open_demonstrations."
        )
    return RelocateExpert(inner.inner)
