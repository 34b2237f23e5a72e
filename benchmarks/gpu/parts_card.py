"""The card itself, and what sums in another order cost."""

from __future__ import annotations

from typing import Any

import torch
from bench import Bench

from simplatform.policies.mesh.decoder import gather_sum, segment_softmax


def card(bench: Bench) -> None:
    """Bytes and operations a second that the card really reaches: what roofline shares are shares of."""
    size = 64 if bench.small else 8192
    for dtype in (torch.bfloat16, torch.float32):
        a, b = (torch.randn(size, size, device=bench.device, dtype=dtype) for _ in range(2))
        found = bench.times(lambda a=a, b=b: a @ b, 20)
        bench.row(what="product", dtype=str(dtype), size=size, **found,
                  tflops=round(2 * size**3 / found["p50_ms"] / 1e9, 1))  # fmt: skip
    source = torch.ones(2**12 if bench.small else 2**30, device=bench.device)
    target = torch.empty_like(source)
    found = bench.times(lambda: target.copy_(source), 20)
    bench.row(what="copy", bytes=2 * source.nbytes, **found,
              gb_per_second=round(2 * source.nbytes / found["p50_ms"] / 1e6, 1))  # fmt: skip


def order(bench: Bench) -> None:
    """``index_add`` and ``scatter_reduce`` on CUDA add in any order: how far two runs of one sum are apart."""
    edges, vertices = (200, 40) if bench.small else (2_000_000, 300_000)
    for dtype in (torch.float32, torch.float64):
        values = torch.randn(edges, 8, device=bench.device, dtype=dtype)
        target = torch.randint(vertices, (edges,), device=bench.device)
        for name, action in (("index_add", gather_sum), ("segment_softmax", segment_softmax)):
            bench.try_row(lambda action=action, v=values, t=target: _apart(action, v, t, vertices), what=name,
                          dtype=str(dtype), edges=edges)  # fmt: skip


def _apart(action: Any, values: torch.Tensor, target: torch.Tensor, vertices: int) -> dict[str, float]:
    one, two = (action(values, target, vertices) for _ in range(2))
    scale = float(one.abs().max())
    return {"largest_difference": float((one - two).abs().max()) / scale}
