"""Dense product or transforms? Measured once per device, kept in the cache folder, and from then on a table.

A choice that was timed anew in every process could fall differently, and change the last bits of a result. So it is
measured when a device first meets a length in doubt, written down, and read ever after.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor

from simplatform.errors import StorageError
from simplatform.runs.cache import cache_root
from simplatform.runs.files import read_json, write_json

SURE_GEMM, SURE_FFT = 64, 4096
"""Below the first length dense products win everywhere; from the second on transforms do."""
BATCH = 16
"""Inputs from which a batch counts as large; the table has one length for small and one for large batches."""


def prefers_fft(n: int, batch: int, like: Tensor) -> bool:
    """Return whether transforms are the faster way for length n, by the table of this device."""
    if n < SURE_GEMM or n >= SURE_FFT:
        return n >= SURE_FFT
    small, large = crossovers(like.device, like.dtype)
    return n >= (large if batch >= BATCH else small)


@cache
def crossovers(device: torch.device, dtype: torch.dtype) -> tuple[int, int]:
    """Return the lengths from which transforms are faster, for one input and for a batch of 64."""
    name = "cpu" if device.type == "cpu" else torch.cuda.get_device_name(device).replace(" ", "-")
    path = cache_root() / "structured" / f"{name}-{str(dtype).removeprefix('torch.')}.json"
    try:
        found = read_json(path)
        return int(found["small"]), int(found["large"])
    except (OSError, ValueError, KeyError, TypeError):
        small, large = measure(device, dtype, 1), measure(device, dtype, 64)
        _remember(path, {"small": small, "large": large})
        return small, large


def measure(device: torch.device, dtype: torch.dtype, batch: int) -> int:
    """Return the shortest length at which one Hankel product by transforms beats the dense one."""
    from simplatform.policies.nn.structured.correlation import correlate, spectrum_of

    n = SURE_GEMM
    while n < SURE_FFT:
        generator = torch.randn(1, 1, 1, 2 * n - 1, dtype=dtype, device=device)
        x, spectrum = torch.randn_like(generator[..., :n].expand(batch, 1, 1, n)), spectrum_of(generator)
        dense = generator.unfold(-1, n, 1)[0, 0, 0].contiguous()
        if _seconds(partial(correlate, x, spectrum, n)) < _seconds(partial(torch.matmul, x, dense)):
            return n
        n = math.ceil(1.5 * n)
    return SURE_FFT


def _seconds(function: Callable[[], Tensor], repeats: int = 7) -> float:
    best = math.inf
    with torch.inference_mode():
        for _ in range(repeats):
            start = time.perf_counter()
            answer = function()
            if answer.is_cuda:
                torch.cuda.synchronize()
            best = min(best, time.perf_counter() - start)
    return best


def _remember(path: Path, table: dict[str, int]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, table)
    except (OSError, StorageError):
        pass  # a cache that cannot be written costs a second next time
