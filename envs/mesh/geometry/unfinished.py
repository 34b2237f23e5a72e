"""Files on which a reader of meshio would wait for ever.

It looks for a line that is not there, not for the end; or it counts up to a number that the file only declares.
"""

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


COUNTED: dict[str, bytes] = {
    ".ply": rb"(?m)^[ \t]*element[ \t]+\S+[ \t]+(\d+)",
    **dict.fromkeys((".dat", ".tec"), rb"(?i)\b(?:N|E|NODES|ELEMENTS|I|J|K)[ \t]*=[ \t]*(\d+)"),
}
"""How the headers of a suffix declare numbers of things, each of which takes a byte or more."""
HEADER = 1 << 16
"""Bytes at the beginning of a file in which ``COUNTED`` is looked for."""


def check_finished(path: Path, size: int) -> None:
    """Refuse a file of ``size`` bytes that is cut short in a way which its reader would not notice.

    Raises:
        DataError: it is; what is missing is named.
    """
    suffix = path.suffix.lower()
    what, pattern = NEEDED.get(suffix, ("", b""))
    content = re.sub(rb"\r\n?", b"\n", path.read_bytes()) if suffix in NEEDED or suffix in COUNTED else b""
    if pattern and not re.search(pattern, content):
        raise DataError(f"{path} is cut short: it lacks {what}")
    counts = [int(number) for number in re.findall(COUNTED[suffix], content[:HEADER])] if suffix in COUNTED else []
    if max(counts, default=0) > size:
        raise DataError(f"{path} is cut short: it declares {max(counts):,} of something in {size:,} bytes")
