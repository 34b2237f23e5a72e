"""What the tests of student share."""

from __future__ import annotations

SMALL = {"widths": (8, 16), "embedding": 16}
