"""Train Stable-Baselines3's PPO on two of the environments: they are plain Gymnasium environments.

    pip install stable-baselines3

A few hundred steps teach nothing; the point is that checks, wrappers and vectors work as they do anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.wrappers import FilterObservation, FlattenObservation, RescaleAction
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import DummyVecEnv

import simplatform  # noqa: F401  (registers the environments)


def robot() -> gymnasium.Env[Any, Any]:
    """A robot arm, seen by its full state."""
    env = gymnasium.make("simplatform/MetaWorld-v0", task="reach", points=0)
    return FlattenObservation(FilterObservation(env, ["state"]))


def mesh() -> gymnasium.Env[Any, Any]:
    """A mesh of a few vertices, seen by its monitor; actions of ±1 are displacements of at most 5 cm."""
    env = gymnasium.make("simplatform/MeshMovement-v0", problem="helmholtz", n=8)
    env = FlattenObservation(FilterObservation(env, ["monitor"]))
    bounded = gymnasium.wrappers.TransformAction(
        env, lambda action: 0.05 * action, gymnasium.spaces.Box(-1, 1, env.action_space.shape, np.float32)
    )
    return RescaleAction(bounded, np.float32(-1), np.float32(1))


def train(make: Callable[[], gymnasium.Env[Any, Any]], steps: int = 128) -> PPO:
    """Check an environment, and train PPO on two copies of it."""
    check_env(make(), skip_render_check=True)
    vector = DummyVecEnv([make, make])
    model = PPO("MlpPolicy", vector, n_steps=steps // 2, batch_size=32, n_epochs=2, seed=0, device="cpu")
    return model.learn(steps)


def main() -> list[int]:
    """Return the steps that each model was trained for."""
    done = []
    for make in (robot, mesh):
        model = train(make)
        action, _ = model.predict(make().reset(seed=1)[0], deterministic=True)
        assert np.isfinite(action).all()
        done.append(model.num_timesteps)
    print(f"PPO trained for {done} steps on a robot arm and on a mesh")
    return done


if __name__ == "__main__":
    assert main() == [128, 128]
