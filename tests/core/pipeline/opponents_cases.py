"""What the tests of opponents share."""

from __future__ import annotations

FAST = {"train.steps": 12, "task.episodes": 4, "train.checkpoint_every": 20, "train.validate_every": 20}
