"""Tables of what was measured on a GPU; where nothing was, they say so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from results import ROOT, markdown

FOLDER = ROOT / "benchmarks" / "gpu" / "results"
NOT_MEASURED = "not measured"
WHAT = {
    "gpu_latency": ("latency", ("policy", "size", "dtype", "graph"), ("p50_ms", "p99_ms", "weights_gb_per_second")),
    "gpu_training": (
        "training",
        ("policy", "size", "batch", "precision", "graph"),
        ("p50_ms", "samples_per_second", "tflops"),
    ),
    "gpu_throughput": ("throughput", ("policy", "batch"), ("p50_ms", "answers_per_second", "peak_mib")),
    "gpu_meshes": ("meshes", ("what", "vertices"), ("p50_ms", "peak_mib")),
    "gpu_integrators": ("integrators", ("what", "systems"), ("p50_ms", "systems_times_steps_per_second", "peak_mib")),
    "gpu_fields": ("fields", ("what", "task", "batch"), ("p50_ms", "frames_per_second", "peak_mib")),
    "gpu_families": ("families", ("what", "policy", "task", "on"), ("seconds", "p50_ms", "points_per_second")),
    "gpu_waits": ("waits", ("policy",), ("waits",)),
}
"""Name on the page → part, what names a row, and what is shown of it."""


def table(part: str, names: tuple[str, ...], values: tuple[str, ...], folder: Path = FOLDER) -> str:
    """Return the table of a part, or one row that says that nothing was measured."""
    path = folder / f"{part}.json"
    head = [name.replace("_", " ") for name in (*names, *values)]
    if not path.is_file():
        return markdown(head, [[NOT_MEASURED] * len(head)])
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
    rows = [[row.get(name, NOT_MEASURED) for name in (*names, *values)] for row in found["rows"]]
    return markdown(head, rows, f"On {found['card'].get('name', 'an unnamed card')}.")


def shown() -> dict[str, str]:
    """Return all tables by name."""
    return {name: table(*what) for name, what in WHAT.items()}
