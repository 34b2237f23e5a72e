"""What all parts share: times by the clock around work that was waited for, peak memory, and a file that grows."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from simplatform.experiments.record import counts_of, write_result
from simplatform.runs.provenance import measured_on

MISSING = {
    "seeds": "weights and inputs are random: what is timed does not depend on them",
    "interval": "p50 and p99 of all repetitions stand in each row",
}


class Bench:
    """The rows of one part; each is written as it comes."""

    def __init__(self, part: str, device: str, output: Path) -> None:
        """Measure on a device; on the pretend one everything is small, and no time means anything."""
        self.part, self.device, self.path = part, torch.device(device), output / f"{part}.json"
        self.small = self.device.type == "pretend"
        self.rows: list[dict[str, Any]] = []
        self.measured = {**measured_on(), "device": card_name(self.device)}
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False

    def row(self, **values: Any) -> None:
        """Add a row, and write the file."""
        self.rows.append(values)
        table = {"part": self.part, "rehearsal": self.small, "card": card(self.device), "rows": self.rows}
        missing = MISSING if counts_of(table) else {**MISSING, "n": "each row is one run or one sum"}
        write_result(self.path, table, missing=missing, measured=self.measured)
        print(f"  {values}", flush=True)

    def wait(self) -> None:
        """Wait for the device."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def times(self, action: Callable[[], Any], repeats: int = 200, seconds: float = 4.0) -> dict[str, Any]:
        """Return p50 and p99 in ms of an action that is waited for, and the peak memory in MiB."""
        repeats = 2 if self.small else repeats
        for _ in range(1 if self.small else 5):
            action()
        self.wait()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        found: list[float] = []
        end = time.perf_counter() + seconds
        while len(found) < repeats and time.perf_counter() < end:
            start = time.perf_counter()
            action()
            self.wait()
            found.append(1000 * (time.perf_counter() - start))
        p50, p99 = np.quantile(found, [0.5, 0.99])
        return {"p50_ms": round(float(p50), 4), "p99_ms": round(float(p99), 4), "repeats": len(found), **self.peak()}

    def peak(self) -> dict[str, float]:
        """Return the most memory that was taken since it was last asked, in MiB."""
        taken = torch.cuda.max_memory_allocated() if self.device.type == "cuda" else 0
        return {"peak_mib": round(taken / 2**20, 1)}

    def try_row(self, make: Callable[[], dict[str, Any]], **names: Any) -> None:
        """Add what ``make`` measures, or why it could not: one failure does not end a part."""
        try:
            self.row(**names, **make())
        except Exception as error:
            self.row(**names, failed=f"{type(error).__name__}: {error}"[:500])
            if self.small:
                raise


def flops(action: Callable[[], Any]) -> int:
    """Return the floating-point operations of products and convolutions in an action."""
    with FlopCounterMode(display=False) as counter:
        action()
    return int(counter.get_total_flops())


def card_name(device: torch.device) -> str:
    """Return the name of the card."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


def card(device: torch.device) -> dict[str, str]:
    """Return card, driver and clocks, as nvidia-smi tells them."""
    if device.type != "cuda":
        return {"name": str(device)}
    names = "name,driver_version,clocks.sm,clocks.mem,clocks.max.sm,power.limit,memory.total"
    command = ["nvidia-smi", f"--query-gpu={names}", "--format=csv,noheader"]
    values = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip().split(", ")
    return {**dict(zip(names.split(","), values, strict=False)), "torch": torch.__version__}
