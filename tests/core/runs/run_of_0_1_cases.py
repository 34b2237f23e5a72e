"""What the tests of run of 0 1 share."""

from __future__ import annotations

from pathlib import Path

RUN = Path(__file__).parents[2] / "data" / "run-0.1" / "stnn_lorenz_s0_5e64d7f4"
