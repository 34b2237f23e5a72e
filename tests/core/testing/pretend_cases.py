"""What the tests of pretend share."""

from __future__ import annotations

from simplatform.contracts import Signature

SIGNATURE = Signature({"state": (4,)}, (2,))


DEVICE = "pretend"
