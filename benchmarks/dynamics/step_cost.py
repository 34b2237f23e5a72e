"""What a training step costs with several experts: M = 3 and M = 10 against M = 1, interleaved in one process.

    python benchmarks/dynamics/step_cost.py        # writes step_cost.json beside this file

A step is the forward and backward pass of the window loss and an Adam update. "dense" computes all experts and keeps
one, as the public code does under ``vmap``; a routing update is timed apart and spread over the steps between two.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from simplatform.contracts import Signature
from simplatform.experiments.record import TIMINGS, write_result
from simplatform.policies.dynamics.reconstruction.data import Systems
from simplatform.policies.dynamics.reconstruction.mixer import MixER, MixERConfig

ENVIRONMENTS, PATHS, SAMPLES = 9, 4, 20
REPEATS = 60


def systems(dtype: torch.dtype = torch.float64) -> Systems:
    """Return environments of the sizes of Lotka–Volterra, with random states: a step costs the same on any data."""
    generator = torch.Generator().manual_seed(0)
    states = torch.rand(ENVIRONMENTS, PATHS, SAMPLES, 2, generator=generator, dtype=torch.float64)
    times = torch.linspace(0, 9.5, SAMPLES, dtype=torch.float64).expand(ENVIRONMENTS, -1)
    zeros = torch.zeros(ENVIRONMENTS, dtype=torch.int64)
    return Systems(states.to(dtype), times.to(dtype), zeros, zeros)


def stepper(experts: int, width: int, dense: bool = False, dtype: torch.dtype = torch.float64) -> Callable[[], None]:
    """Return a function that takes one step."""
    torch.manual_seed(0)
    shape = {"support": (PATHS, SAMPLES, 2), "initial": (2,), "times": (SAMPLES,)}
    model = MixER(MixERConfig(experts=experts, width=width), Signature(shape, (SAMPLES, 2)))
    model.to(dtype)
    data, codes = systems(dtype), torch.nn.Parameter(0.1 * torch.randn(ENVIRONMENTS, 2, dtype=dtype))
    routes, unit = torch.arange(ENVIRONMENTS) % experts, data.spread()
    optimiser, windows = torch.optim.Adam([*model.parameters(), codes]), data.windows(1)

    def error() -> Tensor:
        if not dense:
            return model.residuals(model.bind(routes, codes), windows, unit).square().mean()
        every = [model.bind(torch.full_like(routes, m), codes) for m in range(experts)]
        pick = torch.nn.functional.one_hot(routes, experts).to(dtype)[:, :, None, None]
        field = lambda x: (torch.stack([f(x) for f in every], 1) * pick).sum(1)  # noqa: E731
        return model.residuals(field, windows, unit).square().mean()

    def step() -> None:
        optimiser.zero_grad()
        error().backward()
        optimiser.step()

    return step


def routing(experts: int, width: int) -> Callable[[], None]:
    """Return a function that updates the routes once."""
    shape = {"support": (PATHS, SAMPLES, 2), "initial": (2,), "times": (SAMPLES,)}
    model, data = MixER(MixERConfig(experts=experts, width=width), Signature(shape, (SAMPLES, 2))), systems()
    routes, codes = torch.arange(ENVIRONMENTS) % experts, torch.zeros(ENVIRONMENTS, 2, dtype=torch.float64)

    def update() -> None:
        model.route(data, routes, codes, 0.3)

    return update


def measure(jobs: dict[str, Callable[[], None]]) -> dict[str, dict[str, float]]:
    """Return least and median seconds of each job, taken in turn."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for round_ in range(REPEATS + 5):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            if round_ >= 5:
                times[name].append(time.perf_counter() - start)
    return {name: {"min": min(v), "median": float(torch.tensor(v).median())} for name, v in times.items()}


def main() -> None:
    """Measure and write."""
    torch.set_num_threads(1)
    rows = []
    for width in (32, 64, 128):
        jobs = {f"M={m}": stepper(m, width) for m in (1, 3, 10)}
        jobs |= {"M=3 dense": stepper(3, width, dense=True), "routing M=3": routing(3, width)}
        jobs["M=1 float32"] = stepper(1, width, dtype=torch.float32)
        found = measure(jobs)
        every = MixERConfig().gate_every
        ratio = {
            name: {k: found[name][k] / found["M=1"][k] for k in ("min", "median")}
            for name in ("M=3", "M=10", "M=3 dense", "M=1 float32")
        }
        ratio["M=3 with routing"] = {
            k: (found["M=3"][k] + found["routing M=3"][k] / every) / found["M=1"][k] for k in ("min", "median")
        }
        rows.append({"width": width, "seconds": found, "ratio": ratio})
        print(width, {name: round(value["median"], 2) for name, value in ratio.items()})
    result = {"repeats": REPEATS, "rows": rows}
    missing = {**TIMINGS, "seeds": "the cost does not depend on the draws"}
    write_result(Path(__file__).with_suffix(".json"), result, missing=missing)


if __name__ == "__main__":
    main()
