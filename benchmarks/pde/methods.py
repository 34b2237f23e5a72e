"""What the scripts of this folder share: a method on a task, its error and its seconds of one core."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simplatform.envs.meshfree.queries import relative_error
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.plugin_host.host import get_host
from simplatform.recipes import find_task
from simplatform.recipes.config import validate
from simplatform.runs.checkpoint import build_policy

SEEDS = (0, 1, 2)
CELLS = Path(os.environ["PDE_CELLS"]) if "PDE_CELLS" in os.environ else None
"""Where rows are kept, so that a series that was cut off goes on (``PDE_CELLS=folder python …``)."""


def environment(task: str, **kwargs: Any) -> Any:
    """Return the environment of a task with keywords changed."""
    found = find_task(task)
    return make_env(replace(found, kwargs={**found.kwargs, **kwargs}), "test").unwrapped


def defaults(plugin: str) -> dict[str, Any]:
    """Return the settings of a plugin's own recipe."""
    registry = get_host().registry("recipe")
    given = registry.get(plugin).data.get("settings", {}) if plugin in registry else {}
    return {key.partition(".")[2]: value for key, value in given.items() if key.startswith("policy.")}


def solved(
    plugin: str, env: Any, seed: int, settings: Mapping[str, Any], look: Callable[[Any, Any], Any] | None = None
) -> dict[str, Any]:
    """Solve an environment's problem; returns error, seconds of this process's cores, and what is doubted.

    What ``look(policy, env)`` sees comes on top.
    """
    entry = get_host().registry("policy").get(plugin)
    config = validate(entry.load_config(), {**defaults(plugin), **settings}, "policy")
    policy: Any = build_policy(plugin, config, signature_of(env), seed)
    observation, _ = env.reset(seed=seed)
    batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
    start = time.process_time()
    policy.fit([], validation=[], progress=lambda *_, **__: None)
    policy.reset(batch)
    with torch.no_grad():
        answer = policy.act(batch, generator=torch.Generator().manual_seed(seed))[0, 0].numpy()
    seconds = time.process_time() - start
    info = env.step(answer)[4]
    row = {"seed": seed, "error": info["error"], "largest_error": info["largest_error"], "cpu_seconds": seconds}
    row |= {key: info[key] for key in ("parameter_error", "covered") if key in info}
    if isinstance(policy, torch.nn.Module):
        row["parameters"] = sum(one.numel() for one in policy.parameters())
        row["doubts"] = list(policy.doubts)
    return row | (look(policy, env) if look else {})


def error_at(t: float) -> Callable[[Any, Any], dict[str, float]]:
    """Return what sees the error at one time alone."""

    def look(policy: Any, env: Any) -> dict[str, float]:
        points = env.points.copy()
        points[:, env.pde.time] = t
        return {"error": relative_error(policy.at(points), env.truth.at(points, env.pde.values(env.drawn)))}

    return look


def kept(name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a row that was measured before under this name in the folder of CELLS, or measure and keep it."""
    if CELLS is None:
        return make()
    path = CELLS / f"{name}.json"
    if not path.exists():
        row = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(row))
        print(name, {key: row[key] for key in ("error", "cpu_seconds")}, row.get("doubts", ""), flush=True)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def seeds(name: str, plugin: str, env: Any, settings: Mapping[str, Any], look: Any = None) -> dict[str, Any]:
    """Return a method with three seeds."""
    rows = [kept(f"{name} {seed}", lambda seed=seed: solved(plugin, env, seed, settings, look)) for seed in SEEDS]
    return summary(rows)


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the rows of several seeds with their medians and ranges."""
    found: dict[str, Any] = {"rows": rows, "repeats": len(rows)}
    for name in ("error", "cpu_seconds"):
        values = [row[name] for row in rows]
        found[name] = {"median": float(np.median(values)), "least": min(values), "largest": max(values)}
    return found
