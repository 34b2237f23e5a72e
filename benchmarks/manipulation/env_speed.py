"""Environment steps per second with point clouds: ``OMP_NUM_THREADS=1 python benchmarks/manipulation/env_speed.py``.

One expert episode is replayed again and again, seen in three ways in turn, so that load on the machine hits all alike:

- ``plain``: every ray against every geom with ``mj_multiRay``, and plain farthest-point sampling;
- ``bucket``: the same rays, and farthest-point sampling in buckets;
- ``simplatform``: what ``simplatform/MetaWorld-v0`` does: geometry at rest cast once, moving meshes rasterised.

A replay's time is the median of processor time over its steps, on one thread; the table has the least of several
replays. ``steps_per_s`` is the reciprocal of the environment's step without a cloud plus the cloud. Writes
``env_speed.json``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
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
        start = time.process_time()
        env.step(action)
        middle = time.process_time()
        look()
        times.append((middle - start, time.process_time() - middle))
    step, seen = np.median(times, axis=0)
    return float(step), float(seen)


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
    for _ in range(repeats):
        for name, look in ways.items():
            times[name].append(replay(env, actions, look))
    step = min(step for replays in times.values() for step, _ in replays)
    seen = {name: min(look for _, look in replays) for name, replays in times.items()}
    return {
        "task": task, "rays": size * size, "points_in_crop": len(plain_points(caster, cloud, env)),
        "ms": {name: round(1e3 * value, 3) for name, value in {"step": step, **seen}.items()},
        "steps_per_s": {name: round(1 / (step + value), 1) for name, value in seen.items()},
        "speed_up_of_the_cloud": round(seen["plain"] / seen["simplatform"], 2),
    }  # fmt: skip


def main() -> None:
    """Measure all tasks and cameras and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 96, 128])
    options = parser.parse_args()
    rows = []
    for size in options.sizes:
        for task in TASKS:
            rows.append(measure(task, size, options.steps, options.repeats))
            print(rows[-1], flush=True)
    result = {"points": POINTS, "seed": 0, "repeats": options.repeats, "rows": rows}
    write_result(Path(__file__).with_suffix(".json"), result, missing=TIMINGS)


if __name__ == "__main__":
    main()
