"""CPU seconds per move and peak memory against the number of vertices, 10³ to 10⁶.

    OMP_NUM_THREADS=1 python benchmarks/mesh/scaling.py [--only spring anisotropic]

Movers on the ring monitor in the unit square; those that see a solution see the ring exp(−((r − 0.3)/0.05)²). UM2N with
dense and with linear attention, and with linear attention and the potential (one sparse solve), as it is trained for
large meshes: its weights are untrained, which time and memory do not depend on. ``anisotropic`` takes fewer or more
steps until it settles, and in a row of its own three. Each size runs in a process of its own, so that its peak memory
is its own. The slope is that of log time over log vertices, by least squares. Rows that the result has already are
kept; ``--only`` makes those of its movers anew.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from simplatform.experiments.record import write_result

CASES = {
    "um2n-dense": (31, 70, 100, 141),
    "um2n-linear": (31, 100, 200, 316),
    "um2n-linear-potential": (31, 100, 200, 316),
    "monge-ampere": (31, 100, 200, 316),
    "spring": (31, 100),
    "ritz": (31, 100),
    "anisotropic": (31, 100),
    "anisotropic, 3 steps": (31, 100, 316, 999),
}
"""Squares per side of the meshes; vertices are (n + 1)²."""
ONCE = 50_000
"""Vertices from which on a move is timed once, and not three times."""


def of_name(case):
    """Return the mover of a case."""
    from simplatform.contracts import Signature
    from simplatform.envs.mesh.moving import find_mover
    from simplatform.policies.mesh.um2n import UM2N, UM2NConfig

    if not case.startswith("um2n"):
        name, _, fixed = case.partition(", ")
        settings = {"iterations": 3, "rtol": 1e-9} if fixed else None
        return find_mover(name, None, Path("none"), settings)
    return UM2N(UM2NConfig(attention=case.split("-")[1], potential="potential" in case), Signature({}, (-1, 2))).eval()


def one(case, n):
    """Return seconds per move (the least), peak memory of this process above its start in MiB, and what came of it."""
    import torch

    from simplatform.envs.mesh.geometry import generators
    from simplatform.envs.mesh.geometry.boundary import classify, constrain
    from simplatform.envs.mesh.monitors import standard as monitors
    from simplatform.envs.mesh.movers.limiter import limit

    torch.set_num_threads(1)
    mesh = generators.structured_square(n)
    flags, directions = classify(mesh)
    solution = np.exp(-(((np.hypot(*(mesh.points - 0.5).T) - 0.3) / 0.05) ** 2))
    arrays = {"points": mesh.points, "cells": mesh.cells, "monitor": monitors.ring(mesh.points), "solution": solution,
              "boundary": flags, "directions": directions}  # fmt: skip
    batch, mover = {key: torch.as_tensor(value)[None, None] for key, value in arrays.items()}, of_name(case)
    before, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for _ in range(3 if len(mesh.points) < ONCE else 1):
        began = time.process_time()
        with torch.no_grad():
            answer = mover.act(batch, generator=torch.Generator())
        seconds.append(time.process_time() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step = limit(mesh, constrain(answer[0, 0].double().numpy(), flags, directions)).displacement
    moved = mesh.moved(mesh.points + step)
    found = {"vertices": len(mesh.points), "seconds": min(seconds), "memory_above_start_mib": (peak - before) / 1024}
    if case.startswith(("ritz", "anisotropic")):
        found["interpolation_error_left"] = _gap(moved) / _gap(mesh)
    return found | {"inverted_cells": int((moved.volumes <= 0).sum())}


def _gap(mesh):
    """Return the L2 norm of the ring minus its interpolant, by the centres of cells."""
    ring = [
        np.exp(-(((np.hypot(*(p - 0.5).T) - 0.3) / 0.05) ** 2)) for p in (mesh.points[mesh.cells].mean(1), mesh.points)
    ]
    return float(np.sqrt(((ring[0] - ring[1][mesh.cells].mean(1)) ** 2 * np.abs(mesh.volumes)).sum()))


def slope(rows):
    """Return the slope of log seconds over log vertices."""
    return float(np.polyfit(*np.log([[r["vertices"] for r in rows], [r["seconds"] for r in rows]]), 1)[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", nargs=2, metavar=("CASE", "N"))
    parser.add_argument("--only", nargs="+", choices=tuple(CASES), default=(), help="movers to measure anew")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one[0], int(options.one[1]))))
        return
    path = Path(__file__).with_suffix(".json")
    kept = json.loads(path.read_text(encoding="utf8"))["cases"] if path.exists() else {}
    rows = {case: [] if case in options.only else kept.get(case, []) for case in CASES}
    for case, sizes in CASES.items():
        for n in sizes:
            if any(row["vertices"] == (n + 1) ** 2 for row in rows[case]):
                continue
            call = [sys.executable, __file__, "--one", case, str(n)]
            rows[case].append(json.loads(subprocess.run(call, capture_output=True, check=True, text=True).stdout))
            print(case, rows[case][-1], flush=True)
            slopes = {name: slope(found) for name, found in rows.items() if len(found) > 1}
            missing = {"interval": "the least of the repeats", "seeds": "nothing is random but untrained weights"}
            write_result(path, {"repeats": 3, "once_from_vertices": ONCE, "cases": rows, "slope_of_time": slopes},
                         missing=missing)  # fmt: skip


if __name__ == "__main__":
    main()
