"""Environment steps per second with point clouds: ``OMP_NUM_THREADS=1 python benchmarks/manipulation/env_speed.py``.

The same states, step by step, seen in three ways in turn, so that load on the machine hits all alike:

- ``plain``: every ray against every geom with ``mj_multiRay``, and plain farthest-point sampling;
- ``bucket``: the same rays, and farthest-point sampling in buckets;
- ``simplatform``: what ``simplatform/MetaWorld-v0`` does: geometry at rest cast once, moving meshes rasterised.

Times are medians over the steps of expert episodes, of one process on one thread. ``steps_per_s`` is the reciprocal of
the environment's step without a cloud plus the cloud. Writes ``env_speed.json``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fpsample
import numpy as np
import torch
from machine import describe

from simplatform.envs.manipulation.experts import metaworld_expert
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.envs.manipulation.raycast import RayCaster
from simplatform.envs.manipulation.sampling import farthest_points
from simplatform.envs.manipulation.vision import PointCloud, corner2

TASKS = ("drawer-open", "hammer", "pick-place", "coffee-pull", "window-open")
POINTS = 512


def timed(times: list[float], function: Callable[[], Any]) -> Any:
    """Call a function and append how long it took, in s."""
    start = time.perf_counter()
    result = function()
    times.append(time.perf_counter() - start)
    return result


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


def measure(task: str, size: int, steps: int) -> dict[str, Any]:
    """Return median milliseconds of each way to see, and steps per second, for one task and camera."""
    env = MetaWorldEnv(task, points=0, max_steps=steps)
    model = env.inner.model
    cloud = PointCloud(model, corner2(model, size), "workspace", POINTS)
    caster = RayCaster(model, cloud.camera)
    expert, (observation, _) = metaworld_expert(env), env.reset(seed=0)
    times: dict[str, list[float]] = {name: [] for name in ("step", "plain", "bucket", "simplatform")}
    kept = []
    for _ in range(steps):
        action = expert.act({"state": torch.as_tensor(observation["state"])[None, None]})[0, 0].numpy()
        observation = timed(times["step"], lambda a=action: env.step(a))[0]
        points = timed(times["plain"], lambda: plain_points(caster, cloud, env))
        times["bucket"].append(times["plain"][-1])
        start = time.perf_counter()
        plain_sample(points)
        times["plain"][-1] += time.perf_counter() - start
        start = time.perf_counter()
        farthest_points(points, POINTS)
        times["bucket"][-1] += time.perf_counter() - start
        timed(times["simplatform"], lambda: cloud(env.inner.data, env.markers))
        kept.append(len(points))
    middle = {name: float(np.median(values)) for name, values in times.items()}
    ways = ("plain", "bucket", "simplatform")
    return {
        "task": task, "rays": size * size, "points_in_crop": int(np.median(kept)),
        "ms": {name: round(1e3 * value, 3) for name, value in middle.items()},
        "steps_per_s": {name: round(1 / (middle["step"] + middle[name]), 1) for name in ways},
        "speed_up_of_the_cloud": round(middle["plain"] / middle["simplatform"], 2),
    }  # fmt: skip


def main() -> None:
    """Measure all tasks and cameras and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 96, 128])
    options = parser.parse_args()
    rows = []
    for size in options.sizes:
        for task in TASKS:
            rows.append(measure(task, size, options.steps))
            print(rows[-1], flush=True)
    command = "OMP_NUM_THREADS=1 python benchmarks/manipulation/env_speed.py"
    result = {"command": command, **describe(), "points": POINTS, "seed": 0, "rows": rows}
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
