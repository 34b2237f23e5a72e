"""Hankel products by transforms against dense ones on this processor: time per product, interleaved, one thread.

    OMP_NUM_THREADS=1 python benchmarks/predictors/fft.py [--repeats 30]

Writes ``fft.json`` and ``fft.png`` beside itself: minimum and median over repeats, spectrum and matrix both at hand.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simplatform.experiments.record import write_result
from simplatform.policies.nn.structured import BlockHankel
from simplatform.policies.nn.structured.choice import prefers_fft

HERE = Path(__file__).parent
LENGTHS = (16, 64, 128, 256, 512, 1024, 2048, 4096)


def main() -> None:
    """Measure all lengths and batches, and write the table and the figure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeats", type=int, default=30)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    rows = [measure(n, batch, chosen.repeats) for batch in (1, 64) for n in LENGTHS]
    table = {"dtype": "float32", "repeats": chosen.repeats, "rows": rows}
    missing = {"interval": "the least of the repeats", "seeds": "the time does not depend on the draws"}
    write_result(HERE / "fft.json", table, missing=missing)
    draw(rows)


def measure(n: int, batch: int, repeats: int) -> dict[str, Any]:
    """Time one length and batch; "auto" is what the layer chooses by itself."""
    torch.manual_seed(0)
    layers = {mode: BlockHankel(1, 1, n, bias=False, mode=mode) for mode in ("fft", "gemm", "auto")}
    x, times = torch.randn(batch, 1, n), {mode: [] for mode in layers}
    inner = max(1, int(2e6 / (batch * n * min(n, 256))))
    with torch.inference_mode():
        for _ in range(repeats + 2):
            for mode, layer in layers.items():
                start = time.perf_counter()
                for _ in range(inner):
                    layer(x)
                times[mode].append((time.perf_counter() - start) / inner)
    best = {mode: min(values[2:]) for mode, values in times.items()}
    row = {
        "n": n, "batch": batch, "chosen": "fft" if prefers_fft(n, batch, x) else "gemm",
        **{f"{mode}_us_min": round(1e6 * best[mode], 2) for mode in layers},
        **{f"{mode}_us_median": round(1e6 * float(np.median(times[mode][2:])), 2) for mode in layers},
        "gain": round(best["gemm"] / best["fft"], 2), "auto_against_dense": round(best["auto"] / best["gemm"], 2),
    }  # fmt: skip
    print(row, flush=True)
    return row


def draw(rows: list[dict[str, Any]]) -> None:
    """Draw time against length."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True)
    for axis, batch in zip(axes, (1, 64), strict=True):
        part = [row for row in rows if row["batch"] == batch]
        for mode, colour in (("gemm", "#1f3a5f"), ("fft", "#d1495b")):
            axis.loglog(
                [r["n"] for r in part], [r[f"{mode}_us_min"] for r in part], "o-", color=colour, label=mode, ms=3
            )
        axis.set_title(f"batch {batch}", fontsize=9)
        axis.set_xlabel("n")
    axes[0].set_ylabel("µs per product")
    axes[0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(HERE / "fft.png", dpi=130)


if __name__ == "__main__":
    main()
