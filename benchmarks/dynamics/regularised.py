"""Regularised neural ODEs: evaluations of the field and time with and without, at what error; three seeds.

    python benchmarks/dynamics/regularised.py                # writes regularised.json beside this file; resumable
    python benchmarks/dynamics/regularised.py "two rings"    # only this one

Two rings: points of two concentric rings are carried by a neural ODE from t = 0 to 1 and told apart by a linear map;
only the end is supervised, so that there is slack for a cheaper field. Lotka–Volterra: the policy ``geps``, where every
sample of a trajectory is supervised. Both integrate adaptively (Tsit5) when they answer.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from reconstruction import load
from torch import Tensor, nn

from simplatform.experiments.record import write_result
from simplatform.plugin_host.host import get_host
from simplatform.policies.dynamics.reconstruction.reconstructor import episode_batches
from simplatform.policies.dynamics.reconstruction.regulariser import lrnde, solution_ernode
from simplatform.policies.dynamics.reconstruction.training import one_cycle
from simplatform.runs.checkpoint import build_policy
from simplatform.solvers import AdaptiveTsit5

PATH = Path(__file__).with_suffix(".json")
SEEDS = (0, 1, 2)
RINGS = {"none": 0.0, "ernode": 1.0, "lrnde": 10.0}
LV = {"none": (0.0,), "ernode": (1e-7, 1e-5), "lrnde": (1e-7, 1e-5)}
RTOL, ATOL, STEPS, BATCH = 1e-4, 1e-4, 300, 256


class RingField(nn.Module):
    """tanh network 3 → 32 → 32 → 3 in space and time, points augmented by a zero, and the linear read-out of the end.

    Without the third dimension (Dupont et al., 2019, arXiv:1904.01681) no flow can part two rings.
    """

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 3))
        self.readout = nn.Linear(3, 1)

    def forward(self, t: Tensor, x: Tensor) -> Tensor:
        """Return dx/dt, ``(B, 3)``."""
        return self.net(torch.cat([x, t.expand(*x.shape[:-1], 1)], -1))


def rings(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return points ``(B, 3)`` of two rings (radii 0.5 and 1.0, noise 0.05) and which ring each is of."""
    label = torch.randint(2, (count,), generator=generator)
    angle = 2 * torch.pi * torch.rand(count, generator=generator)
    radius = 0.5 + 0.5 * label + 0.05 * torch.randn(count, generator=generator)
    plane = radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    return nn.functional.pad(plane, (0, 1)), label.float()


def ring_run(kind: str, seed: int) -> dict[str, Any]:
    """Train one and count."""
    torch.manual_seed(seed)
    model, generator = RingField(), torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    start, ends = time.process_time(), torch.tensor([0.0, 1.0])
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = 1e-2 * one_cycle(step / STEPS)
        x, label = rings(BATCH, generator)
        solver, when = AdaptiveTsit5(RTOL, ATOL), torch.rand((), generator=generator)
        solution = solver.solve(model, x, torch.stack([ends[0], when, ends[1]]))
        loss = nn.functional.binary_cross_entropy_with_logits(model.readout(solution.states[-1])[:, 0], label)
        decay = 0.1 ** (step / STEPS)
        if kind == "ernode":
            loss = loss + RINGS[kind] * decay * solution_ernode(solver)
        elif kind == "lrnde":
            size = torch.full((BATCH,), float(np.mean(solver.steps)))
            states = solution.states[1].detach()[:, None]
            field = lambda y, t=when: model(t, y)  # noqa: E731
            loss = loss + RINGS[kind] * decay * lrnde(field, states, size, RTOL, ATOL, generator)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    seconds = time.process_time() - start
    x, label = rings(2000, torch.Generator().manual_seed(10_000 + seed))
    with torch.no_grad():
        first = time.process_time()
        solution = AdaptiveTsit5(RTOL, ATOL).solve(model, x, ends)
        answered = time.process_time() - first
        accuracy = float(((model.readout(solution.states[-1])[:, 0] > 0) == (label > 0)).float().mean())
    return {"task": "two rings", "kind": kind, "coefficient": RINGS[kind], "seed": seed, "nfe": solution.nfe,
            "accuracy": accuracy, "train_seconds": seconds, "inference_seconds": answered}  # fmt: skip


def policy_run(kind: str, coefficient: float, seed: int) -> dict[str, Any]:
    """Fit ``geps`` on Lotka–Volterra with a regulariser; validation chooses among coefficients later."""
    splits, signature = load("lotka-volterra", seed, labels=False)
    settings = {"width": 32, "steps": 600, "finish": 200, "refine": 10, "inference": "adaptive", "regulariser": kind}
    config = get_host().registry("policy").get("geps").load_config()(**settings, coefficient=coefficient)
    policy: Any = build_policy("geps", config, signature, seed)
    start = time.process_time()
    policy.fit(splits["train"], validation=splits["validation"], progress=lambda *a, **k: None)
    seconds = time.process_time() - start
    row: dict[str, Any] = {"task": "lotka-volterra", "kind": kind, "coefficient": coefficient, "seed": seed}
    for split in ("validation", "test"):
        with torch.no_grad():
            row[split] = policy.score(episode_batches(splits[split]))
        row[f"{split}_nfe"] = policy.nfe
    return {**row, "train_seconds": seconds}


def main() -> None:
    """Run what is missing and write all."""
    torch.set_num_threads(1)
    rows = json.loads(PATH.read_text(encoding="utf8"))["rows"] if PATH.exists() else []
    known = {(row["task"], row["kind"], row["coefficient"], row["seed"]) for row in rows}
    jobs: list[tuple[str, str, float, int]] = [("two rings", k, c, s) for s in SEEDS for k, c in RINGS.items()]
    jobs += [("lotka-volterra", kind, c, s) for s in SEEDS for kind, values in LV.items() for c in values]
    wanted = sys.argv[1:] or ["two rings", "lotka-volterra"]
    for job in jobs:
        if job not in known and job[0] in wanted:
            task, kind, coefficient, seed = job
            rows.append(ring_run(kind, seed) if task == "two rings" else policy_run(kind, coefficient, seed))
            print(rows[-1], flush=True)
            _write(rows)
    _write(rows)


def _write(rows: list[dict[str, Any]]) -> None:
    missing = {"n": "one fit a seed and row", "interval": "every seed stands in the rows"}
    write_result(PATH, {"summary": _summary(rows), "rows": rows}, missing=missing)


def _summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return means over seeds, and the ratio of evaluations to those without a regulariser."""
    found = []
    for key in dict.fromkeys((row["task"], row["kind"], row["coefficient"]) for row in rows):
        mine = [row for row in rows if (row["task"], row["kind"], row["coefficient"]) == key]
        names = [name for name in mine[0] if name not in ("task", "kind", "coefficient", "seed")]
        means = {name: float(np.mean([row[name] for row in mine])) for name in names}
        found.append({"task": key[0], "kind": key[1], "coefficient": key[2], "seeds": len(mine), **means})
    for row in found:
        plain = next(other for other in found if other["task"] == row["task"] and other["kind"] == "none")
        name = "nfe" if "nfe" in row else "test_nfe"
        row["nfe_ratio"] = row[name] / plain[name]
    return found


if __name__ == "__main__":
    main()
