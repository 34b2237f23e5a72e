"""Surrogates of PDEs at their published widths: frames a second beside the classical solver on the same card."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from bench import Bench

from simplatform.contracts import Facts
from simplatform.envs.fields.coarse import coarse_solver
from simplatform.pipeline.start import untrained
from simplatform.recipes import resolve

WIDE: dict[str, dict[str, Any]] = {
    "field-unet": {"policy.width": 64, "policy.multipliers": [1, 2, 2, 4], "policy.blocks": 2},
    "pde-refiner": {"policy.width": 64, "policy.multipliers": [1, 2, 2, 4], "policy.blocks": 2},
    "fno": {"policy.width": 64, "policy.modes": 32},
    "dilated-resnet": {"policy.width": 48, "policy.blocks": 4},
    "sinenet": {"policy.waves": 8, "policy.width": 64, "policy.growth": 1.425},
    "scot": {"policy.patch": 4, "policy.width": 48, "policy.depths": [4, 4, 4, 4], "policy.heads": [3, 6, 12, 24],
             "policy.skips": [2, 2, 2, 0], "policy.window": 16},
}  # fmt: skip
SMALL: dict[str, dict[str, Any]] = {
    "field-unet": {"policy.width": 8, "policy.multipliers": [1]},
    "fno": {"policy.width": 4, "policy.modes": 4, "policy.layers": 1},
}
TASKS = {"scot": "navier-stokes", "sinenet": "navier-stokes"}


def fields(bench: Bench) -> None:
    """Answer batches by each surrogate, and by the solver that it stands for, in float32 and as finely as its task."""
    for name, settings in (SMALL if bench.small else WIDE).items():
        task = TASKS.get(name, "kuramoto-sivashinsky")
        points = 16 if bench.small else 128 if name in TASKS else 256
        whole = {**settings, "env.points": points}
        for batch in (2,) if bench.small else (1, 64):
            bench.try_row(partial(_answered, bench, name, task, whole, batch), what=name, task=task, batch=batch)
    for task, points in (("kuramoto-sivashinsky", 256), ("navier-stokes", 128)):
        for batch in (2,) if bench.small else (1, 64):
            size = 16 if bench.small else points
            bench.try_row(partial(_solved, bench, task, size, batch), what="solver", task=task, batch=batch)


def _answered(bench: Bench, name: str, task: str, settings: dict[str, Any], batch: int) -> dict[str, Any]:
    recipe = resolve(name, f"fields/{task}", settings=settings)
    policy: Any = untrained(recipe)
    for kind in ("field", "step", "parameter"):
        getattr(policy, f"{kind}_scale").fill_(1.0)
    policy = policy.to(bench.device).eval()
    seen = _seen(policy.channels, policy.points, policy.parameter_count, batch, bench.device)
    generator = torch.Generator()
    with torch.no_grad():
        found = bench.times(lambda: policy.act(seen, generator=generator), 50, seconds=3.0)
    count = sum(p.numel() for p in policy.parameters())
    rate = batch * policy.execute / found["p50_ms"] * 1e3
    return {**found, "parameters": count, "points": list(policy.points), "frames_per_second": round(rate, 1)}


def _solved(bench: Bench, task: str, points: int, batch: int) -> dict[str, Any]:
    from simplatform.envs.fields.problems import find_problem

    problem = find_problem(task)
    advance = coarse_solver(Facts.read({"problem": task, "dt": problem.frame}), points, problem.substeps)
    shape = (points,) * problem.grid.dim
    seen = _seen(len(problem.equation.channels), shape, len(problem.ranges), batch, bench.device)
    field, given = seen["field"][:, 0], seen["parameters"][:, 0].abs() + 1e-3
    with torch.no_grad():
        found = bench.times(lambda: advance(field, given), 20, seconds=3.0)
    return {**found, "points": list(shape), "frames_per_second": round(batch / found["p50_ms"] * 1e3, 1)}


def _seen(channels: int, points: tuple[int, ...], given: int, batch: int, device: torch.device) -> dict[str, Any]:
    return {
        "field": torch.randn(batch, 1, channels, *points, device=device),
        "parameters": torch.rand(batch, 1, given, device=device),
    }
