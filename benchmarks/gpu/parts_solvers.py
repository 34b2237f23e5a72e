"""Meshes, integrators and reconstructors, by size."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from bench import Bench

from simplatform.contracts import Signature
from simplatform.envs.fields.equations.kuramoto_sivashinsky import KuramotoSivashinsky
from simplatform.envs.fields.grid import Grid
from simplatform.envs.fields.solver import SpectralSolver
from simplatform.envs.mesh.finite_elements.fem_torch import Space, solve_elliptic
from simplatform.policies.mesh.um2n import UM2N, UM2NConfig
from simplatform.solvers import RK4

MESH = Signature({"points": (-1, 2), "cells": (-1, 3), "monitor": (-1,), "boundary": (-1,)}, (-1, 2))


def meshes(bench: Bench) -> None:
    """UM2N moving a mesh, and conjugate gradients on one, up to a million vertices."""
    for across in (5,) if bench.small else (33, 100, 316, 1000):
        for name, make in (("um2n", _moved), ("fem_cg", _solved)):
            bench.try_row(lambda make=make, n=across: make(bench, n), what=name, vertices=across**2)


def _moved(bench: Bench, across: int) -> dict[str, Any]:
    points, cells, border = square(across, bench.device)
    policy = UM2N(UM2NConfig(attention="linear"), MESH).to(bench.device).eval()
    monitor = 1 + torch.exp(-50 * (points - 0.5).square().sum(1))
    seen = {"points": points, "cells": cells, "monitor": monitor, "boundary": border}
    seen = {key: value[None, None] for key, value in seen.items()}
    generator = torch.Generator()
    with torch.no_grad():
        return bench.times(lambda: policy.act(seen, generator=generator), 20, seconds=3.0)


def _solved(bench: Bench, across: int) -> dict[str, Any]:
    points, cells, border = square(across, bench.device)
    owner = [torch.zeros(len(part), dtype=torch.int64, device=bench.device) for part in (points, cells)]
    moved = points.clone().requires_grad_()

    def source(at: torch.Tensor, mesh: torch.Tensor) -> torch.Tensor:
        return 2 * math.pi**2 * torch.sin(math.pi * at[..., 0]) * torch.sin(math.pi * at[..., 1])

    def solve() -> torch.Tensor:
        space = Space(moved, cells, *owner)
        values = solve_elliptic(space, source, border > 0, torch.zeros_like(points[:, 0]), method="cg")
        (gradient,) = torch.autograd.grad(values.sum(), moved)
        return values + 0 * gradient.sum()

    found = bench.times(solve, 10, seconds=6.0)
    exact = torch.sin(math.pi * points[:, 0]) * torch.sin(math.pi * points[:, 1])
    return {**found, "largest_error": float((solve().detach() - exact).abs().max())}


def square(across: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return points, triangles and boundary flags of a unit square of ``across²`` vertices."""
    line = torch.linspace(0, 1, across, dtype=torch.float64, device=device)
    points = torch.cartesian_prod(line, line)
    number = torch.arange(across**2, device=device).reshape(across, across)
    a, b, c, d = (part.reshape(-1) for part in (number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]))
    cells = torch.cat([torch.stack([a, b, c], 1), torch.stack([a, c, d], 1)])
    border = ((points == 0) | (points == 1)).any(1).long()
    return points, cells, border


def integrators(bench: Bench) -> None:
    """Lorenz-63 by RK4 and ensembles of Kuramoto-Sivashinsky by ETDRK4, systems times steps a second."""
    for systems in (8,) if bench.small else (1_000, 10_000, 100_000, 1_000_000):
        bench.try_row(lambda n=systems: _lorenz(bench, n), what="lorenz63 rk4", systems=systems)
    for systems in (2,) if bench.small else (64, 1024, 16384):
        bench.try_row(lambda n=systems: _ensemble(bench, n), what="kuramoto-sivashinsky etdrk4", systems=systems)


def _lorenz(bench: Bench, systems: int, steps: int = 100) -> dict[str, Any]:
    def field(t: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        a, b, c = x.unbind(1)
        return torch.stack([10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c], 1)

    steps = 3 if bench.small else steps
    start = torch.randn(systems, 3, dtype=torch.float64, device=bench.device)
    times = 0.01 * torch.arange(steps + 1, dtype=torch.float64, device=bench.device)
    found = bench.times(lambda: RK4().march(field, start, times), 5, seconds=3.0)
    return {**found, "steps": steps, "systems_times_steps_per_second": round(systems * steps / found["p50_ms"] * 1e3)}


def _ensemble(bench: Bench, systems: int, frames: int = 20) -> dict[str, Any]:
    frames, points = (2, 16) if bench.small else (frames, 128)
    solver = SpectralSolver(KuramotoSivashinsky(Grid((points,), (64.0,))), 0.8, 16, torch.float64, bench.device)
    start = torch.randn(systems, 1, points, dtype=torch.float64, device=bench.device)
    found = bench.times(lambda: solver.advance(start, frames), 5, seconds=3.0)
    done = systems * frames * 16
    return {**found, "points": points, "systems_times_steps_per_second": round(done / found["p50_ms"] * 1e3)}


def codes(bench: Bench) -> None:
    """Fits of mixer and stnn, shortened alike on every device: seconds on the host's processor beside the device's."""
    from simplatform.pipeline.collect import collect

    for name, task, settings in (
        ("stnn", "toy/attractor", {"policy.steps": 4 if bench.small else 400, "policy.varpro_steps": 2}),
        (
            "mixer",
            "lotka-volterra",
            {"policy.steps": 2 if bench.small else 200, "policy.finish": 2, "policy.refine": 0},
        ),
    ):
        for device in (bench.device, torch.device("cpu")):
            bench.try_row(lambda n=name, t=task, s=settings, d=device: _fitted(collect, n, t, s, d), policy=name,
                          task=task, on=str(device))  # fmt: skip


def _fitted(collect: Any, name: str, task: str, settings: dict[str, Any], device: torch.device) -> dict[str, Any]:
    from simplatform.pipeline.start import untrained
    from simplatform.recipes import resolve

    recipe = resolve(name, task, settings=settings)
    demonstrations = collect(recipe.task, count=recipe.task.demonstrations, seed=0).demonstrations
    policy: Any = untrained(recipe).to(device)
    start = time.perf_counter()
    policy.fit(demonstrations, validation=demonstrations[:0], progress=lambda step, total, **metrics: None)
    return {"seconds": round(time.perf_counter() - start, 2)}
