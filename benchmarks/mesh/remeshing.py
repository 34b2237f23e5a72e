"""MMG beside movers: the same Helmholtz problems, paired, at no more vertices than before.

    python benchmarks/mesh/remeshing.py --seeds 1

Movers keep the connectivity; MMG makes the mesh anew from the Hessian of the coarse solution. Each seed draws 100
problems of its own on meshes of 15² to 35² vertices; seed 1 gives those of ``helmholtz.json``. Results:
``remeshing.json``.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import simplatform as sp
from simplatform.experiments.record import write_result

MOVER = "spring"
KEPT = ("error_reduction", "move_seconds")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in options.seeds:
            few = {"task.episodes": options.episodes, "task.demonstrations": 1, "task.validation": 0}
            run = sp.run(MOVER, "helmholtz", seed, settings=few, output=folder, workers=1)
            mmg = run.summary["opponents"]["mmg"]
            found.append(
                {
                    "seed": seed,
                    MOVER: {name: run.summary[name] for name in KEPT},
                    "mmg": {name: mmg["splits"]["test"]["metrics"][name] for name in KEPT},
                    f"gain of {MOVER} over mmg": mmg["gain"]["test"],
                }
            )
            print(found[-1], flush=True)
    write_result(options.json, {"task": "helmholtz", "seeds": options.seeds, "runs": found})


if __name__ == "__main__":
    main()
