"""Seconds per move and peak memory against the number of vertices, 10³ to 10⁵: UM2N small and Monge–Ampère.

    OMP_NUM_THREADS=1 python benchmarks/mesh/scaling.py

UM2N with dense and with linear attention, and with linear attention and the potential (one sparse solve), as it is
trained for large meshes. Weights are untrained: time and memory do not depend on them. Each case runs in a process of
its own, so that its peak memory is its own. The slope is that of log time over log vertices, by least squares.
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
}
"""Squares per side of the meshes; vertices are (n + 1)²."""


def one(case, n, repeats):
    """Return seconds per move (minimum) and peak memory of this process, in MiB."""
    import torch

    from simplatform.contracts import Signature
    from simplatform.envs.mesh.geometry import generators
    from simplatform.envs.mesh.geometry.boundary import classify
    from simplatform.envs.mesh.monitors import standard as monitors
    from simplatform.envs.mesh.movers.policy import MongeAmpereConfig, MongeAmperePolicy
    from simplatform.policies.mesh.um2n import UM2N, UM2NConfig

    torch.set_num_threads(1)
    mesh, signature = generators.structured_square(n), Signature({}, (-1, 2))
    arrays = {
        "points": mesh.points,
        "cells": mesh.cells,
        "monitor": monitors.ring(mesh.points),
        "boundary": classify(mesh)[0],
    }
    batch = {key: torch.as_tensor(value)[None, None] for key, value in arrays.items()}
    if case == "monge-ampere":
        mover = MongeAmperePolicy(MongeAmpereConfig(), signature)
    else:
        mover = UM2N(UM2NConfig(attention=case.split("-")[1], potential="potential" in case), signature).eval()
    before, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for _ in range(repeats):
        began = time.perf_counter()
        with torch.no_grad():
            mover.act(batch, generator=torch.Generator())
        seconds.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"vertices": len(mesh.points), "seconds": min(seconds), "memory_above_start_mib": (peak - before) / 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", nargs=2, metavar=("CASE", "N"))
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one[0], int(options.one[1]), 3)))
        return
    rows = {}
    for case, sizes in CASES.items():
        runs = [[sys.executable, __file__, "--one", case, str(n)] for n in sizes]
        rows[case] = [
            json.loads(subprocess.run(run, capture_output=True, check=True, text=True).stdout) for run in runs
        ]
        print(case, rows[case], flush=True)
    slopes = {
        case: float(np.polyfit(*np.log([[r["vertices"] for r in items], [r["seconds"] for r in items]]), 1)[0])
        for case, items in rows.items()
    }
    result = {"repeats": 3, "cases": rows, "slope_of_time": slopes}
    missing = {"interval": "the least of the repeats", "seeds": "nothing is random but untrained weights"}
    write_result(Path(__file__).with_suffix(".json"), result, missing=missing)
    print(slopes)


if __name__ == "__main__":
    main()
