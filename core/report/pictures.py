"""The pictures of a report as files of the run: ``figures/*.png`` and ``videos/*.webp``, as the page shows them."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable
from pathlib import Path

from simplatform.runs.folder import Folder
from simplatform.runs.own import own_file

FOLDERS = {"png": "figures", "webp": "videos"}
_PICTURE = re.compile(r'<img src="data:image/(png|webp);base64,([A-Za-z0-9+/=]+)" alt="([^"]*)">')


def save_pictures(run: Path, bodies: Iterable[str]) -> list[Path]:
    """Write each picture inside some HTML, numbered as they come and named by their descriptions; returns their paths.

    Pictures of an earlier report of the run are replaced.

    Raises:
        StorageError: the disk is full or read-only.
        RunError: a link stands in the place of their folder; nothing outside the run is touched.
    """
    files = Folder(run)
    for folder in FOLDERS.values():
        files.remove(*(f"{folder}/{name}" for name in files.names(folder) if own_file(f"{folder}/{name}")))
    written = []
    for number, (kind, data, alt) in enumerate(_PICTURE.findall("".join(bodies)), 1):
        files.make(FOLDERS[kind])
        name = f"{FOLDERS[kind]}/{number:02d}-{_slug(html.unescape(alt))}.{kind}"
        written.append(files.write(name, base64.b64decode(data)))
    return written


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "picture"
