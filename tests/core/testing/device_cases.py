"""What the tests of device share."""

from __future__ import annotations

CLOUD = {
    "policy.widths": [8, 16], "policy.embedding": 8, "policy.points": 16, "env.points": 32, "env.camera_size": 48,
    "env.max_steps": 100, "env.terminate_on_success": True, "policy.horizon": 8, "policy.execute": 7,
}  # fmt: skip
