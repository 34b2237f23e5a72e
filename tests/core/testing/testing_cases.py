"""What the tests of testing share."""

from __future__ import annotations

from simplatform.contracts import Signature

SIGNATURE = Signature({"state": (4,)}, (2,))
