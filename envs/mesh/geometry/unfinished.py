"""Files on which a reader of meshio would wait for ever: it looks for a line that is not there, not for the end."""

from __future__ import annotations

import re
from pathlib import Path

from simplatform.errors import DataError

NASTRAN = (
    "a card after BEGIN BULK",
    rb"(?m)^[ \t]*BEGIN BULK[^\n]*\n(?:(?:\$|//|#)[^\n]*\n|[^\n]{0,2}\n)*(?!\$|//|#)[^\n]{3}[^\n]*\n",
)
NEEDED: dict[str, tuple[str, bytes]] = {
    ".off": ("the numbers of vertices and faces", rb"\A[^\n]*\n\s*(?:#[^\n]*\n\s*)*[^#\s]"),
    ".ply": ("end_header", rb"(?m)^[ \t]*end_header\s*$"),
    ".mdpa": ("End Nodes after its last Begin Nodes", rb"(?s)Begin Nodes(?!.*Begin Nodes).*End Nodes"),
    **dict.fromkeys((".bdf", ".fem", ".nas"), NASTRAN),
}
"""What a file of a suffix must hold, in words and as a pattern."""


def check_finished(path: Path) -> None:
    """Refuse a file that is cut short in a way which its reader would not notice.

    Raises:
        DataError: it is; what is missing is named.
    """
    what, pattern = NEEDED.get(path.suffix.lower(), ("", b""))
    if pattern and not re.search(pattern, re.sub(rb"\r\n?", b"\n", path.read_bytes())):
        raise DataError(f"{path} is cut short: it lacks {what}")
