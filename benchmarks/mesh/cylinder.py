"""The flow solver against the benchmark of Schäfer and Turek: drag and lift at Re 20; drag, lift, Strouhal at Re 100.

    OMP_NUM_THREADS=1 python benchmarks/mesh/cylinder.py --unsteady 13

Rows of Re 100 on other meshes or with other steps are kept. Published for it (bounds of the benchmark): largest drag
3.22…3.24, largest lift 0.99…1.01, Strouhal 0.295…0.305.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.problems.cylinder import PUBLISHED, Cylinder, strouhal, vortex_street
from simplatform.experiments.record import write_result


def steady(n):
    mesh = generate("cylinder", n)
    began = time.perf_counter()
    drag, lift = Cylinder().coefficients(mesh)
    return {"n": n, "vertices": len(mesh.points), "drag": drag, "lift": lift, "seconds": time.perf_counter() - began}


def unsteady(n, dt, end):
    mesh = generate("cylinder", n)
    began = time.perf_counter()
    rows = vortex_street(mesh, dt=dt, end=end)
    late = rows[2 * len(rows) // 3 :]
    found = {"largest_drag": late[:, 1].max(), "largest_lift": late[:, 2].max(), "strouhal": strouhal(rows)}
    return {"n": n, "vertices": len(mesh.points), "dt": dt, "end": end, **found, "seconds": time.perf_counter() - began}


EXACT = "nothing is random: one flow, one solution"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steady", default="6,9,13,18")
    parser.add_argument("--unsteady", default="13")
    parser.add_argument("--dt", type=float, default=0.005)
    parser.add_argument("--end", type=float, default=7.0)
    options = parser.parse_args()
    path = Path(__file__).with_suffix(".json")
    kept = json.loads(path.read_text(encoding="utf8"))["re100"] if path.exists() else []
    result = {
        "published_re20": PUBLISHED,
        "re20": [steady(int(n)) for n in options.steady.split(",")],
    }
    print(result["re20"], flush=True)
    for n in options.unsteady.split(","):
        made = unsteady(int(n), options.dt, options.end)
        kept = [row for row in kept if (row["n"], row["dt"]) != (made["n"], made["dt"])] + [made]
        print(made, flush=True)
        write_result(path, {**result, "re100": kept}, missing=dict.fromkeys(("seeds", "n", "interval"), EXACT))


if __name__ == "__main__":
    main()
