"""The pictures of a report as files of the run: ``figures/*.png`` and ``videos/*.webp``, as the page shows them."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable
from pathlib import Path

from simplatform.runs.files import write_bytes

FOLDERS = {"png": "figures", "webp": "videos"}
_PICTURE = re.compile(r'<img src="data:image/(png|webp);base64,([A-Za-z0-9+/=]+)" alt="([^"]*)">')


def save_pictures(run: Path, bodies: Iterable[str]) -> list[Path]:
    """Write each picture inside some HTML, numbered as they come and named by their descriptions; returns their paths.

    Pictures of an earlier report of the run are replaced.

    Raises:
        StorageError: the disk is full or read-only.
    """
    for kind, folder in FOLDERS.items():
        for old in (run / folder).glob(f"[0-9][0-9]-*.{kind}"):
            old.unlink()
    written = []
    for number, (kind, data, alt) in enumerate(_PICTURE.findall("".join(bodies)), 1):
        path = run / FOLDERS[kind] / f"{number:02d}-{_slug(html.unescape(alt))}.{kind}"
        path.parent.mkdir(exist_ok=True)
        write_bytes(path, base64.b64decode(data))
        written.append(path)
    return written


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "picture"
