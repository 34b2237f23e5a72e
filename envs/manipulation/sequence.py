"""``simplatform/MetaWorldSequence-v0``: several Meta-World tasks one after the other, and nobody says which is next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from torch import Generator, Tensor

from simplatform.contracts import Observation as Seen
from simplatform.envs.manipulation.base import Action, Observation
from simplatform.envs.manipulation.experts import ScriptedExpert, scripted_expert
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.envs.manipulation.tasks import SKILLS
from simplatform.errors import ContractError, UnknownName


class MetaWorldSequenceEnv(gymnasium.Env[Observation, Action]):
    """Meta-World tasks in an order; each begins, in its own scene, when the one before it has succeeded.

    Observations and actions are those of ``MetaWorldEnv`` with ``among`` the skills, whose one-hot token, the last
    numbers of ``agent_pos``, is zero unless the robot is ``told``; ``stage`` (len(order),) is one-hot, and says how
    many are done. What is to be done can be seen in the scene alone. ``info["success"]`` is 1.0 when all are done,
    ``info["done"]`` the share of them. A skill that takes more than ``max_steps`` ends the episode.

    Args:
        order: the tasks, first to last; some of ``skills``.
        skills: the tasks that the token tells apart.
        told: show the token.
        max_steps: steps for each task of the order.
        points, camera_size, crop, render_mode: see ``MetaWorldEnv``.

    Raises:
        UnknownName: a task of the order that is not among the skills, or none of Meta-World's.
    """

    metadata: dict[str, Any] = MetaWorldEnv.metadata

    def __init__(
        self, order: Sequence[str] = SKILLS, skills: Sequence[str] = SKILLS, told: bool = False, max_steps: int = 100,
        points: int = 512, camera_size: int = 96, crop: str = "workspace", render_mode: str | None = None,
    ) -> None:  # fmt: skip
        for name in order:
            if name not in skills:
                raise UnknownName("skill", name, tuple(skills))
        self.order, self.skills, self.told, self.render_mode = tuple(order), tuple(skills), told, render_mode
        self._kwargs: dict[str, Any] = {
            "points": points, "camera_size": camera_size, "crop": crop, "render_mode": render_mode,
            "max_steps": max_steps, "among": self.skills,
        }  # fmt: skip
        self._scenes: dict[str, MetaWorldEnv] = {}
        self._stage, self._seeds = 0, [0] * len(self.order)
        self._names: tuple[str, ...] | None = None
        first = self._scene
        stage = Box(0.0, 1.0, (len(self.order),), np.float32)
        assert isinstance(first.observation_space, Dict)
        self.observation_space = Dict({**first.observation_space.spaces, "stage": stage})
        self.action_space = first.action_space
        declared = {**first.metadata["simplatform"], "task": " → ".join(self.order), "goals": list(self.skills)}
        self.metadata = {**first.metadata, "simplatform": declared}

    @property
    def skill(self) -> str:
        """The task that is to be done now; of an episode that is over, the last."""
        return self.order[min(self._stage, len(self.order) - 1)]

    def show(self, names: Collection[str] | None) -> None:
        """Leave the cloud out of observations from the next reset on, unless it is among the names."""
        self._names = None if names is None else tuple(names)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode: the seed decides each scene of it, whatever is done before."""
        super().reset(seed=seed)
        self._stage, self._seeds = 0, [int(n) for n in self.np_random.integers(2**31, size=len(self.order))]
        return self._begin(), {"success": 0.0, "done": 0.0, "diverged": 0.0}

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Carry out one action; the step that ends a task shows the beginning of the next."""
        seen, reward, broken, late, info = self._scene.step(action)
        if info["success"]:
            self._stage += 1
        done = self._stage == len(self.order)
        observation = self._begin() if info["success"] and not done else self._shown(seen)
        share = self._stage / len(self.order)
        ended = done or broken or (late and not info["success"])
        told = {"success": float(done), "done": share, "diverged": info["diverged"]}
        return observation, reward, ended, False, told

    def render(self) -> Any:
        """Return a picture of the scene, as ``MetaWorldEnv`` does."""
        return self._scene.render()

    def close(self) -> None:
        """Close all scenes."""
        for scene in self._scenes.values():
            scene.close()

    @property
    def _scene(self) -> MetaWorldEnv:
        return self._scenes.setdefault(self.skill, self._made(self.skill))

    def _made(self, skill: str) -> MetaWorldEnv:
        return self._scenes.get(skill) or MetaWorldEnv(skill, **self._kwargs)

    def _begin(self) -> Observation:
        scene = self._scene
        scene.show(self._names)
        return self._shown(scene.reset(seed=self._seeds[self._stage])[0])

    def _shown(self, seen: Observation) -> Observation:
        agent = seen["agent_pos"].copy()
        if not self.told:
            agent[-len(self.skills) :] = 0.0
        stage = np.eye(len(self.order), dtype=np.float32)[min(self._stage, len(self.order) - 1)]
        return {**seen, "agent_pos": agent, "stage": stage}


class SequenceExpert:
    """Does what is to be done with the scripted controller of that task: it alone asks the environment which it is."""

    observe = 1
    execute = 1
    reads = ("state",)

    def __init__(self, env: MetaWorldSequenceEnv) -> None:
        self._env = env
        self._scripts: dict[str, ScriptedExpert] = {name: scripted_expert(name) for name in env.skills}

    def reset(self, observation: Seen) -> None:
        """Do nothing: the scripts have no memory."""

    def act(self, observation: Seen, *, generator: Generator | None = None) -> Tensor:
        """Return the controller's action (B, 1, 4), clipped to [−1, 1]."""
        answer: Tensor = self._scripts[self._env.skill].act(observation)
        return answer


def sequence_expert(env: gymnasium.Env[Any, Any]) -> SequenceExpert:
    """Return the expert of a sequence.

    Raises:
        ContractError: the environment is not a ``MetaWorldSequenceEnv``.
    """
    inner = env.unwrapped
    if not isinstance(inner, MetaWorldSequenceEnv):
        raise ContractError(f"expected simplatform/MetaWorldSequence-v0, got {inner}; this expert knows its tasks only")
    return SequenceExpert(inner)
