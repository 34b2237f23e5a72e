"""One part of the GPU script in a process of its own; a rehearsal may run several in one, which imports once."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import nullcontext
from importlib import import_module
from os import environ
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

HOMES = {
    "card": "parts_card", "order": "parts_card", "correctness": "parts_policies", "waits": "parts_policies",
    "latency": "parts_robots", "training": "parts_robots", "throughput": "parts_robots", "meshes": "parts_solvers",
    "integrators": "parts_solvers", "codes": "parts_solvers", "fields": "parts_fields",
    "families": "parts_families",
}  # fmt: skip


def main() -> None:
    """Run parts on a device."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parts", nargs="+", choices=HOMES)
    options.add_argument("--device", default="cuda")
    options.add_argument("--output", type=Path, required=True)
    chosen = options.parse_args()
    from tree import importable

    importable()
    from bench import Bench

    from simplatform.testing import pretend_device

    with tempfile.TemporaryDirectory() as cache:
        environ["SIMPLATFORM_CACHE"] = cache
        with pretend_device() if chosen.device == "pretend" else nullcontext():
            for part in chosen.parts:
                getattr(import_module(HOMES[part]), part)(Bench(part, chosen.device, chosen.output))


if __name__ == "__main__":
    main()
