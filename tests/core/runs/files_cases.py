"""What the tests of files share."""

from __future__ import annotations

from pathlib import Path


class Payload:
    """Leaves a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))
