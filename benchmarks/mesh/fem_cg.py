"""Which solver `solve_elliptic` takes on a CPU: a sparse factorisation or conjugate gradients, forward and adjoint.

    python benchmarks/mesh/fem_cg.py

Both solve the same Poisson problem on a unit square and its adjoint, alternating, on one thread; the ratio is theirs in
the same run.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from statistics import median

import torch

from simplatform.envs.mesh.finite_elements.fem_torch import Method, Space, solve_elliptic
from simplatform.experiments.record import write_result

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "gpu"))


def seconds(across: int, method: Method) -> float:
    """Return the time of one solve with its gradient in the vertices."""
    from parts_solvers import square

    points, cells, border = square(across, torch.device("cpu"))
    owner = [torch.zeros(len(part), dtype=torch.int64) for part in (points, cells)]
    moved = points.clone().requires_grad_()

    def source(at: torch.Tensor, mesh: torch.Tensor) -> torch.Tensor:
        return torch.sin(math.pi * at[..., 0]) * torch.sin(math.pi * at[..., 1])

    start = time.perf_counter()
    values = solve_elliptic(Space(moved, cells, *owner), source, border > 0, torch.zeros(len(points)).double(),
                            method=method)  # fmt: skip
    torch.autograd.grad(values.sum(), moved)
    return time.perf_counter() - start


def main() -> None:
    """Measure, and write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--across", type=int, nargs="+", default=[10, 20, 35, 70, 150, 300])
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--json", type=Path, default=HERE / "fem_cg.json")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    rows = []
    for across in chosen.across:
        found = [(seconds(across, "direct"), seconds(across, "cg")) for _ in range(chosen.repeats)]
        direct, cg = (median(times) for times in zip(*found, strict=True))
        ratios = sorted(b / a for a, b in found)
        rows.append({"vertices": across**2, "direct_s": direct, "cg_s": cg, "cg_over_direct": median(ratios),
                     "ratio_low": ratios[0], "ratio_high": ratios[-1], "repeats": chosen.repeats})  # fmt: skip
        print(rows[-1], flush=True)
    missing = {"seeds": "nothing is random", "interval": "the least and the largest ratio stand in each row"}
    write_result(chosen.json, {"rows": rows}, missing=missing)


if __name__ == "__main__":
    main()
