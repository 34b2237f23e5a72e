"""Newer families: solutions without a mesh, sparse equations, videos and glances; on the device beside the host."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
import torch
from bench import Bench
from device_cases import RUNS

from simplatform.demonstrations import Demonstrations
from simplatform.pipeline.collect import collect
from simplatform.pipeline.environments import make_env
from simplatform.pipeline.fit import Trainer
from simplatform.pipeline.start import untrained
from simplatform.recipes import resolve
from simplatform.testing.device import SMALL

FITS: dict[str, tuple[str, dict[str, Any]]] = {
    "pig": ("pde/helmholtz", {"policy.adam": 200, "policy.lbfgs": 20, "policy.natural": 10}),
    "pinn": ("pde/helmholtz", {"policy.adam": 200, "policy.lbfgs": 20, "policy.natural": 0}),
    "lpinn": ("pde/convection", {"policy.adam": 200, "policy.lbfgs": 20, "policy.natural": 0}),
    "gated-field": ("toy/attractor", {}),
    "lstm": ("toy/attractor", {"policy.steps": 100}),
}
"""Task and settings of fits that are timed on both devices; shortened alike."""
STEPS = {
    "text2pde": "fields/burgers",
    "glance": "toy/cloud",
    "ugm2n": "helmholtz",
    "one-call-refiner": "fields/burgers",
}
"""Tasks of the trainable ones, at their default sizes."""
SOME = ("pig", "gated-field", "text2pde")
"""Those that a rehearsal runs."""


def families(bench: Bench) -> None:
    """Fits on both devices, answers by the number of points or windows, and training steps."""
    for name, (task, settings) in FITS.items():
        if bench.small and name not in SOME:
            continue
        for device in (bench.device, torch.device("cpu")):
            make = partial(_fitted, bench, name, task, _small(name) if bench.small else settings, device)
            bench.try_row(make, what="fit", policy=name, task=task, on=str(device))
    for name, task in STEPS.items():
        if not bench.small or name in SOME:
            bench.try_row(partial(_stepped, bench, name, task), what="training step", policy=name, task=task)


def _small(name: str) -> dict[str, Any]:
    return {key: value for key, value in RUNS[name].items() if key != "task"}


def _fitted(bench: Bench, name: str, task: str, settings: dict[str, Any], device: torch.device) -> dict[str, Any]:
    recipe = resolve(name, str(RUNS[name].get("task", task)) if bench.small else task, settings=settings)
    count = recipe.task.demonstrations
    demonstrations = collect(recipe.task, count=count, seed=0).demonstrations if count else Demonstrations([])
    policy: Any = untrained(recipe).to(device)
    start = time.perf_counter()
    policy.fit(demonstrations, validation=demonstrations[:0], progress=lambda step, total, **metrics: None)
    bench.wait()
    found = {"seconds": round(time.perf_counter() - start, 2)}
    if recipe.task.name.startswith("pde/"):
        count = 10 if bench.small else 100_000
        dim = make_env(recipe.task).observation_space["points"].shape[-1]
        points = np.random.default_rng(0).uniform(0.1, 0.9, (count, dim))
        answered = bench.times(lambda: policy.at(points), 10, seconds=1.0)
        found |= {**answered, "points_per_second": round(1e3 * count / answered["p50_ms"])}
    return found


def _stepped(bench: Bench, name: str, task: str) -> dict[str, Any]:
    settings = {**SMALL, **_small(name)} if bench.small else {"task.demonstrations": 4, "task.validation": 0}
    recipe = resolve(name, str(RUNS[name].get("task", task)) if bench.small else task, settings=settings)
    demonstrations = collect(recipe.task, count=1 if bench.small else 4, seed=0).demonstrations
    trainer = Trainer(untrained(recipe).to(bench.device), demonstrations, recipe.train, seed=0)  # type: ignore[arg-type]  # they have a loss
    trainer.policy.train()
    found = bench.times(trainer._advance, 20, seconds=2.0)
    count = sum(p.numel() for p in trainer.policy.parameters())
    return {**found, "parameters": count, "batch": recipe.train.batch,
            "samples_per_second": round(1e3 * recipe.train.batch / found["p50_ms"], 1)}  # fmt: skip
