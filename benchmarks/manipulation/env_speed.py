"""Environment steps per second with point clouds: ``OMP_NUM_THREADS=1 python benchmarks/manipulation/env_speed.py``.

One expert episode is replayed again and again, seen in three ways in turn, so that load on the machine hits all alike:

- ``plain``: every ray against every geom with ``mj_multiRay``, and plain farthest-point sampling;
- ``bucket``: the same rays, and farthest-point sampling in buckets;
- ``simplatform``: what ``simplatform/MetaWorld-v0`` does: geometry at rest cast once, moving meshes rasterised by
  groups of triangles, simple shapes met in closed form, farthest points by groups of neighbours.

A replay's time is the median of its thread's processor time over its steps; the table has the least of several replays.
``steps_per_s`` is the reciprocal of the environment's step without a cloud plus the cloud, and of ``whole``, the
environment with its cloud as it is. Beside them, in turn with them, what gives states alone: ``metaworld``, its own
``gymnasium.make("Meta-World/MT1")``, and ``envpool``, EnvPool's native Meta-World, where it is installed (packages
envpool, envpool-assets, envpool-assets-mujoco-large, dm-env, dm-tree, optree, jax). Writes ``env_speed.json`` after
every row.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import fpsample
import numpy as np
import torch

from simplatform.envs.manipulation.experts import metaworld_expert
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.envs.manipulation.vision.clouds import PointCloud, corner2
from simplatform.envs.manipulation.vision.crop import named_crop
from simplatform.envs.manipulation.vision.raycast import RayCaster
from simplatform.envs.manipulation.vision.sampling import farthest_points
from simplatform.experiments.record import TIMINGS, write_result

TASKS = ("drawer-open", "hammer", "pick-place", "coffee-pull", "window-open")
POINTS = 512


def plain_points(caster: RayCaster, cloud: PointCloud, env: MetaWorldEnv) -> np.ndarray:
    """Return all points within the crop, with every ray cast against every geom."""
    near, far = cloud.reach
    distance, _ = caster.cast_everything(env.inner.data)
    keep = np.flatnonzero((distance > near) & (distance < far))
    return (cloud.camera.position + cloud.directions[keep] * distance[keep, None]).astype(np.float32)


def plain_sample(points: np.ndarray) -> np.ndarray:
    """Return a plain farthest-point sample, padded by repetition."""
    order = fpsample.fps_sampling(points, min(POINTS, len(points)), start_idx=0)
    return points[np.resize(np.asarray(order, int), POINTS)]


def expert_actions(env: MetaWorldEnv, steps: int) -> list[np.ndarray]:
    """Return the actions of an expert episode."""
    expert, (observation, _) = metaworld_expert(env), env.reset(seed=0)
    actions = []
    for _ in range(steps):
        actions.append(expert.act({"state": torch.as_tensor(observation["state"])[None, None]})[0, 0].numpy())
        observation = env.step(actions[-1])[0]
    return actions


def replay(env: MetaWorldEnv, actions: list[np.ndarray], look: Callable[[], Any]) -> tuple[float, float]:
    """Return the median processor time in s of a step and of a look, over an episode."""
    env.reset(seed=0)
    times = []
    for action in actions:
        start = time.thread_time()
        env.step(action)
        middle = time.thread_time()
        look()
        times.append((middle - start, time.thread_time() - middle))
    step, seen = np.median(times, axis=0)
    return float(step), float(seen)


def metaworld_replay(task: str, actions: list[np.ndarray]) -> Callable[[], float]:
    """Return what measures the median processor time in s of a step of Meta-World's own environment."""
    import gymnasium
    import metaworld  # noqa: F401  # registers its environments

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env = gymnasium.make("Meta-World/MT1", env_name=f"{task}-v3", seed=0)
    return lambda: _median(lambda: env.reset(seed=0), env.step, actions)


def envpool_replay(task: str, actions: list[np.ndarray]) -> Callable[[], float] | None:
    """Return the same for EnvPool's, with one environment and one thread; None where it is not installed."""
    try:
        import envpool
    except ImportError:
        return None
    name = "".join(part.capitalize() for part in task.split("-"))
    env = envpool.make(f"MetaWorld/{name}-v3", env_type="gymnasium", num_envs=1, num_threads=1, seed=0)
    return lambda: _median(env.reset, env.step, [action[None].astype(np.float64) for action in actions])


def _median(reset: Callable[[], Any], step: Callable[[Any], Any], actions: list[np.ndarray]) -> float:
    reset()
    times = []
    for action in actions:
        start = time.thread_time()
        step(action)
        times.append(time.thread_time() - start)
    return float(np.median(times))


def measure(task: str, size: int, steps: int, repeats: int) -> dict[str, Any]:
    """Return milliseconds of each way to see, and steps per second, for one task and camera."""
    env = MetaWorldEnv(task, points=0, max_steps=steps)
    model = env.inner.model
    camera = corner2(model, size)
    cloud = PointCloud(model, camera, named_crop("workspace", camera), POINTS)
    caster = RayCaster(model, cloud.camera)
    ways: dict[str, Callable[[], Any]] = {
        "plain": lambda: plain_sample(plain_points(caster, cloud, env)),
        "bucket": lambda: farthest_points(plain_points(caster, cloud, env), POINTS),
        "simplatform": lambda: cloud(env.inner.data, env.markers),
    }
    actions = expert_actions(env, steps)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    whole = MetaWorldEnv(task, points=POINTS, camera_size=size, max_steps=steps)
    states = MetaWorldEnv(task, points=0, max_steps=steps)
    others = {
        "whole": lambda: _median(lambda: whole.reset(seed=0), whole.step, actions),
        "states": lambda: _median(lambda: states.reset(seed=0), states.step, actions),
        "metaworld": metaworld_replay(task, actions), "envpool": envpool_replay(task, actions),
    }  # fmt: skip
    alone: dict[str, list[float]] = {name: [] for name, look in others.items() if look is not None}
    for _ in range(repeats):
        for name, look in ways.items():
            times[name].append(replay(env, actions, look))
        for name, other in others.items():
            if other is not None:
                alone[name].append(other())
    step = min(step for replays in times.values() for step, _ in replays)
    seen = {name: min(look for _, look in replays) for name, replays in times.items()}
    least = {name: min(values) for name, values in alone.items()}
    rates = {**{name: step + value for name, value in seen.items()}, **least}
    return {
        "task": task, "rays": size * size, "points_in_crop": len(plain_points(caster, cloud, env)),
        "ms": {name: round(1e3 * value, 3) for name, value in {"step": step, **seen, **least}.items()},
        "steps_per_s": {name: round(1 / value, 1) for name, value in rates.items()},
        "speed_up_of_the_cloud": round(seen["plain"] / seen["simplatform"], 2),
    }  # fmt: skip


def main() -> None:
    """Measure all tasks and cameras and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 96, 128])
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for task, size in product(TASKS, options.sizes):
        rows.append(measure(task, size, options.steps, options.repeats))
        print(rows[-1], flush=True)
        result = {"points": POINTS, "seed": 0, "repeats": options.repeats, "rows": rows}
        write_result(Path(__file__).with_suffix(".json"), result, missing=TIMINGS)


if __name__ == "__main__":
    main()
