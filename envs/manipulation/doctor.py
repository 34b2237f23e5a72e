"""Health checks of manipulation: MuJoCo, one ray-cast frame timed, GL backends, open3d."""

from __future__ import annotations

import time

from simplatform.contracts import Check
from simplatform.plugin_host.doctor import package_check


def mujoco() -> Check:
    """Return the versions of MuJoCo and Meta-World."""
    from importlib.metadata import version

    return Check(True, f"mujoco {version('mujoco')}, metaworld {version('metaworld')}")


def ray_casting() -> Check:
    """Return how long one point cloud takes, and how long one step with it."""
    import numpy as np

    from simplatform.envs.manipulation.metaworld import MetaWorldEnv

    env = MetaWorldEnv()
    observation, _ = env.reset(seed=0)
    env.step(np.zeros(4, np.float32))
    start = time.perf_counter()
    for _ in range(10):
        env.step(np.zeros(4, np.float32))
    milliseconds = 100 * (time.perf_counter() - start)
    found = f"{len(observation['point_cloud'])} points by ray casting, {milliseconds:.1f} ms a step, no GL needed"
    return Check(True, found)


def gl() -> Check:
    """Return which GL backends draw; none is needed unless images or the "gl" point clouds are asked for."""
    from simplatform.envs.manipulation.vision.gl import FIX, working_backends

    found = ", ".join(working_backends())
    return Check(True, found or "none (optional: rays draw and see without it)", "" if found else FIX)


def open3d() -> Check:
    """Return whether open3d can be imported; on Debian it needs two system libraries."""
    check = package_check("open3d", "pointcloud")
    if not check.ok:
        return check
    try:
        import open3d as library
    except (ImportError, OSError) as error:
        return Check(False, f"cannot be imported: {error}", "apt-get install libusb-1.0-0 libgl1")
    return Check(True, library.__version__)
