"""How many solver steps between two samples the truth itself needs: the least error that a learned field could have.

    python benchmarks/dynamics/steps.py        # writes steps.json beside this file; two minutes

The true right-hand side is carried from every sample of four trajectories to the next one by Runge-Kutta 4 (fields also
by Runge-Kutta-Chebyshev); errors are mean squares in units of the environment's spread, the worst of a few of the
family's training environments.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simplatform.envs.dynamics.families import COLLECTIONS, Family
from simplatform.envs.dynamics.truth import trajectories
from simplatform.experiments.record import write_result
from simplatform.solvers import RK4, RKC
from simplatform.solvers.base import FixedStep

HERE = Path(__file__).resolve().parent
NAMES = ("lotka-volterra", "glycolytic", "selkov", "brusselator", "lorenz63", "lorenz96", "odebench-10a")
COUNTS = (2, 4, 8, 16, 32)
FIELDS = {"gray-scott": (8, 16, 24, 25, 32), "navier-stokes": (4, 6, 8, 16)}
STABILISED = ((8, 3), (8, 4), (12, 3), (16, 3))


def main() -> None:
    """Measure all families."""
    rows = []
    for name in (*NAMES, *FIELDS):
        solvers: dict[str, FixedStep] = {f"rk4, {n}": RK4(n) for n in FIELDS.get(name, COUNTS)}
        if name == "gray-scott":
            solvers |= {f"rkc, {n} of {stages}": RKC(n, stages) for n, stages in STABILISED}
        for family in COLLECTIONS[name]:
            rows.append({"task": name, "system": family.system, "errors": _errors(family, solvers)})
            print(rows[-1], flush=True)
    missing = {"n": "the worst of four starts in each of a few environments", "interval": "largest errors, not means"}
    write_result(HERE / "steps.json", {"seed": 0, "rows": rows}, missing=missing)


def _errors(family: Family, solvers: dict[str, FixedStep]) -> dict[str, float | None]:
    """Return each solver's error, the worst over environments; None where it is not below one."""
    random, system, times = np.random.default_rng(0), family.resolve(), family.grid()
    worst = dict.fromkeys(solvers, 0.0)
    for parameters in family.train[:: max(1, len(family.train) // 3)]:
        paths = trajectories(system, np.stack([family.initial(random) for _ in range(4)]), times, **parameters)
        spread = np.sqrt(np.mean((paths - paths.mean((0, 1))) ** 2))
        ends = torch.as_tensor(paths[:, 1:].reshape(-1, system.dim))
        starts, field = torch.as_tensor(paths[:, :-1].reshape(-1, system.dim)), system.field(**parameters)

        def slope(t: Tensor, x: Tensor, field: Any = field) -> Tensor:
            with np.errstate(all="ignore"):
                return torch.as_tensor(field(0.0, x.numpy()))

        for name, solver in solvers.items():
            found = solver.march(slope, starts, torch.as_tensor(times[:2]))[-1]
            error = float(((found - ends) / spread).square().mean().nan_to_num(np.inf, np.inf))
            worst[name] = max(worst[name], error)
    return {name: float(f"{error:.2g}") if error < 1 else None for name, error in worst.items()}


if __name__ == "__main__":
    main()
