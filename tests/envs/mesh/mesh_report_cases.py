"""What the tests of mesh report share."""

import numpy as np

from simplatform.envs.mesh.environment import MeshMovement


def moved_case(**kwargs):
    env = MeshMovement(n=8, **kwargs)
    observation, _ = env.reset(seed=0)
    env.step(0.02 * np.sin(np.pi * env.mesh.points))
    return env, observation
