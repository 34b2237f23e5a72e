"""Every registered policy on the device: the same answers as on the host, and steps that do not wait."""

from __future__ import annotations

import time
import warnings
from typing import Any

import torch
from bench import Bench
from device_cases import RUNS, TRAINABLE

from simplatform.errors import MissingDependency
from simplatform.pipeline.collect import collect
from simplatform.pipeline.fit import Trainer
from simplatform.pipeline.start import untrained
from simplatform.recipes import resolve
from simplatform.testing import check_run, counting
from simplatform.testing.device import CLOSE, SMALL

FIRST = ("mp1", "um2n", "stnn", "mixer", "dp3", "flowpolicy", "um2n-energy", "fno", "pde-refiner", "ncf")
"""What is run first, one of every kind; a rehearsal runs some of these."""
ANY_ORDER = 1e-4
"""Largest relative difference from the host of those in ``SUMMED``; of all others 1e-5."""
SUMMED = ("m2n", "um2n", "um2n-energy", "ugm2n", "r-adapt")
"""Policies that sum over edges or cells by ``index_add`` and its kin, which CUDA does in any order, anew at each call:
their float32 answers differ in the fifth digit from those of the same card a call later."""
REHEARSED = ("stnn", "um2n", "toy")


def correctness(bench: Bench) -> None:
    """Fit, evaluate, load and answer there; ``check_run`` refuses an answer that is not the host's."""
    names = REHEARSED if bench.small else [*FIRST, *(name for name in sorted(RUNS) if name not in FIRST)]
    for name in names:
        bench.try_row(lambda name=name: _checked(name, str(bench.device)), policy=name)


def _checked(name: str, device: str) -> dict[str, Any]:
    start, settings = time.perf_counter(), dict(RUNS[name])
    try:
        close = ANY_ORDER if name in SUMMED else CLOSE
        lines = list(check_run(name, settings.pop("task", None), device, settings, export=False, close=close))
    except MissingDependency as error:
        return {"not_measured": str(error)}
    return {"seconds": round(time.perf_counter() - start, 1), "said": lines, "close": close}


def waits(bench: Bench) -> None:
    """Count what makes the host wait in a training step: torch's sync debug mode on CUDA."""
    for name in ("toy",) if bench.small else sorted(TRAINABLE):
        bench.try_row(lambda name=name: _waits(name, bench), policy=name)


def _waits(name: str, bench: Bench) -> dict[str, Any]:
    settings = dict(RUNS[name])
    task = settings.pop("task", None)
    recipe = resolve(name, task, settings={**SMALL, **settings, "train.steps": 12})
    demonstrations = collect(recipe.task, count=1, seed=0).demonstrations
    trainer = Trainer(untrained(recipe).to(bench.device), demonstrations, recipe.train, seed=0)
    trainer.policy.train()
    for _ in range(4):
        trainer._advance()
    with counting() as counts, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if bench.device.type == "cuda":
            torch.cuda.set_sync_debug_mode("warn")
        for _ in range(3):
            trainer._advance()
        if bench.device.type == "cuda":
            torch.cuda.set_sync_debug_mode("default")
        places = [*counts.places, *{f"{w.filename}:{w.lineno}" for w in caught if "synchroniz" in str(w.message)}]
        found = counts.total + sum("synchroniz" in str(warning.message) for warning in caught)
    return {"steps": 3, "waits": found, "places": sorted(places)}
