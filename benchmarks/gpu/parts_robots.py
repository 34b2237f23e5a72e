"""Robot policies: latency of one answer, training steps by batch and precision, answers by batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from bench import Bench, flops

from simplatform.contracts import Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.pipeline.fit import Trainer
from simplatform.pipeline.graphed import Graphed
from simplatform.plugin_host.host import get_host
from simplatform.recipes.config import TrainConfig
from simplatform.runs.checkpoint import build_policy

SIGNATURE = Signature({"point_cloud": (512, 3), "agent_pos": (9,)}, (4,))
POINTS = 128
KINDS = (("float32", False), ("tf32", False), ("float32", True), ("bf16", False), ("bf16", True))
"""Precision of a training step, and whether it is graphed."""


def latency(bench: Bench) -> None:
    """One answer of MP1, FlowPolicy and DP3 at both sizes: from a cloud on the host to an action on the host."""
    for size in ("small",) if bench.small else ("paper", "small"):
        for name in ("mp1", "flowpolicy", "dp3"):
            for dtype in (torch.bfloat16, torch.float32):
                for graph in (True, False):
                    names = {"policy": name, "size": size, "dtype": str(dtype), "graph": graph}
                    bench.try_row(
                        lambda n=names, d=dtype: _latency(bench, n["policy"], n["size"], d, n["graph"]), **names
                    )


def _latency(bench: Bench, name: str, size: str, dtype: torch.dtype, graph: bool) -> dict[str, Any]:
    policy = policy_of(bench, name, size).to(dtype).eval()
    acting = Graphed(policy) if graph else policy
    seen = observation(1)
    if bench.device.type == "cuda":
        seen = {key: value.pin_memory() for key, value in seen.items()}
    generator = torch.Generator().manual_seed(0)

    @torch.no_grad()
    def answer() -> torch.Tensor:
        there = {key: value.to(bench.device, non_blocking=True) for key, value in seen.items()}
        return acting.act(there, generator=generator).cpu()

    found = bench.times(answer, 500, seconds=2.0)
    weights = sum(p.nbytes for p in policy.parameters())
    with torch.no_grad():
        there = {key: value.to(bench.device) for key, value in seen.items()}
        work = flops(lambda: policy.act(there, generator=generator))
    reason = acting.reason if isinstance(acting, Graphed) else ""
    return {**found, "parameters": weights // dtype.itemsize, "weights_gb_per_second": rate(weights, found, 1e6),
            "tflops": rate(work, found, 1e9), "plain_because": reason}  # fmt: skip


def training(bench: Bench) -> None:
    """Training steps of MP1 and DP3 by batch and precision, plain and with loss and gradients as a CUDA graph."""
    sizes = ("small",) if bench.small else ("paper", "small")
    for size in sizes:
        for name in ("mp1", "dp3"):
            for batch in (4,) if bench.small else (64, 256, 1024):
                for precision, graph in KINDS[2:] if bench.small else KINDS:
                    names = {"policy": name, "size": size, "batch": batch, "precision": precision, "graph": graph}
                    bench.try_row(lambda n=names: _training(bench, **n), **names)


def _training(bench: Bench, policy: str, size: str, batch: int, precision: str, graph: bool) -> dict[str, Any]:
    from simplatform.pipeline.fit import products
    from simplatform.pipeline.graphed_step import GraphedStep

    config = TrainConfig(steps=10_000, batch=batch, precision=precision, graph=graph)
    trainer = Trainer(policy_of(bench, policy, size), demonstrations(), config, seed=0)
    trainer.policy.train()
    with products(precision == "tf32"):
        step, trainer._step = trainer._step, trainer._plain
        work = flops(trainer._advance)
        trainer._step = step
        found = bench.times(trainer._advance, 30, seconds=1.5)
    reason = step.reason if isinstance(step, GraphedStep) else ""
    return {**found, "samples_per_second": rate(batch, found, 1e-3), "tflops": rate(work, found, 1e9),
            "plain_because": reason}  # fmt: skip


def throughput(bench: Bench) -> None:
    """Answers a second by the number of episodes that are answered at once."""
    for name in ("mp1", "dp3"):
        for batch in (1, 3) if bench.small else (1, 8, 32, 128, 512, 2048):
            bench.try_row(lambda n=name, b=batch: _throughput(bench, n, b), policy=name, size="small", batch=batch)


def _throughput(bench: Bench, name: str, batch: int) -> dict[str, Any]:
    policy = policy_of(bench, name, "small").eval()
    seen = {key: value.to(bench.device) for key, value in observation(batch).items()}
    generator = torch.Generator().manual_seed(0)
    found = bench.times(lambda: policy.act(seen, generator=generator), 50, seconds=1.0)
    return {**found, "answers_per_second": rate(batch, found, 1e-3)}


def policy_of(bench: Bench, name: str, size: str) -> Any:
    """Return an untrained policy on the device, its normalisers fitted; tiny in a rehearsal."""
    model = get_host().registry("policy").get(name).load_config()
    config = (
        model(size=size, points=16, widths=(8, 16), embedding=8) if bench.small else model(size=size, points=POINTS)
    )
    policy: Any = build_policy(name, config, SIGNATURE)
    policy.prepare(demonstrations())
    return policy.to(bench.device)


def observation(batch: int) -> dict[str, torch.Tensor]:
    """Return random observations, two steps of each episode."""
    shapes = {key: (batch, 2, *shape) for key, shape in SIGNATURE.observation.items()}
    return {key: torch.randn(shape) for key, shape in shapes.items()}


def demonstrations(episodes: int = 4, length: int = 100) -> Demonstrations:
    """Return random demonstrations of the signature's shapes."""
    rng = np.random.default_rng(0)

    def episode(number: int) -> Episode:
        shapes = {key: (length + 1, *shape) for key, shape in SIGNATURE.observation.items()}
        seen = {key: rng.normal(size=shape).astype(np.float32) for key, shape in shapes.items()}
        return Episode(seen, rng.uniform(-1, 1, (length, 4)).astype(np.float32), seed=number)

    return Demonstrations([episode(number) for number in range(episodes)])


def rate(amount: float, found: dict[str, Any], unit: float) -> float:
    """Return an amount a millisecond, in a unit."""
    return round(amount / found["p50_ms"] / unit, 3)
