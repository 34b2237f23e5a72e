"""Monge–Ampère on the ring monitor, 60 × 60 vertices of the unit square, to relative residual 1e-3, on one core.

    OMP_NUM_THREADS=1 python benchmarks/mesh/ring.py

Newton, quasi-Newton and the published relaxation solve the same discrete equation; times include set-up (assembly,
factorisation).
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.validity import tangled_cells
from simplatform.envs.mesh.monitors import standard as monitors
from simplatform.envs.mesh.movers.monge_ampere import MongeAmpere, newton, quasi_newton, relaxation
from simplatform.experiments.record import TIMINGS, write_result

REPEATS = 7


def ring(mesh):
    return monitors.ring(mesh.points)


def timed(mesh, method):
    began, cpu = time.perf_counter(), time.process_time()
    moved = method(MongeAmpere(mesh), ring)
    return time.perf_counter() - began, time.process_time() - cpu, moved


def main():
    mesh = generators.structured_square(59)
    methods = {"newton": newton, "quasi-newton": quasi_newton, "relaxation": relaxation}
    seconds = {name: [] for name in methods}
    cpu = {name: [] for name in methods}
    results = {}
    for _ in range(REPEATS):
        for name, method in methods.items():
            taken, worked, moved = timed(mesh, method)
            seconds[name].append(taken)
            cpu[name].append(worked)
            results[name] = moved
    report = {
        name: {
            "seconds_min": min(seconds[name]),
            "seconds_median": float(np.median(seconds[name])),
            "cpu_seconds_min": min(cpu[name]),
            "cpu_seconds_median": float(np.median(cpu[name])),
            "iterations": moved.iterations,
            "residual": moved.residual,
            "inverted_cells": len(tangled_cells(mesh.moved(mesh.points + moved.displacement))),
        }
        for name, moved in results.items()
    }
    slow = np.array(seconds["relaxation"])
    ratios = {name: float(np.median(slow / np.array(seconds[name]))) for name in ("newton", "quasi-newton")}
    result = {"vertices": len(mesh.points), "repeats": REPEATS, "methods": report,
              "relaxation_over_method_median": ratios}  # fmt: skip
    write_result(Path(__file__).with_suffix(".json"), result, missing={**TIMINGS, "seeds": "nothing is random"})
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
