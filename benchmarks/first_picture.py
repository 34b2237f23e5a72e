"""How long each reader of the docs waits for a picture of their own kind, from an installed environment on.

    python benchmarks/first_picture.py [--readers recordings mesh csv plugin]

What the tutorials' pages say is done as it stands there, in a folder and with a cache of its own, nothing shortened:
the page's own code, then its commands up to the one that leaves the picture. Wall and processor seconds of each;
``load`` of the record says what else ran. Five minutes were wanted, from the clone on: ``fresh_clone.json`` has what an
installation takes. The new plugin is installed into a folder beside it. Writes ``first_picture.json``.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simplatform.experiments.record import write_result

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "tutorials"


@dataclass(frozen=True)
class Reader:
    """Whose page, which commands (as it has them), and where the picture is then."""

    page: str
    commands: tuple[str, ...]
    picture: str


READERS = {
    "recordings": Reader(
        "my-recordings.md",
        ("inspect mine.zarr", "run --plugin mp1 --task replay --set env.path=mine.zarr --set train.steps=600"),
        "runs/*/report.html",
    ),
    "mesh": Reader("my-mesh.md", ("move part.msh --monitor field.vtu -o moved.msh --figure moved.png",), "moved.png"),
    "csv": Reader(
        "my-csv.md",
        ("import mine.csv", "run --plugin gated-field --task series --set env.path=mine.csv"),
        "runs/*/report.html",
    ),
    "plugin": Reader("your-own-plugin.md", ("new plugin my-method", "run --plugin my-method"), "runs/*/report.html"),
}
SHORT, OWN = 300.0, "simplatform-my-method"


def main() -> None:
    """Time every reader, and write the table after each."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--readers", nargs="+", choices=tuple(READERS), default=list(READERS))
    options.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    chosen = options.parse_args()
    rows: list[dict[str, Any]] = []
    for name in chosen.readers:
        rows.append(timed(name, READERS[name]))
        print(rows[-1], flush=True)
        why = {key: "one reader each" for key in ("seeds", "n", "interval")}
        write_result(chosen.json, {"wanted_seconds": SHORT, "rows": rows}, missing=why)


def timed(name: str, reader: Reader) -> dict[str, Any]:
    """Do what a page says, and return how long its picture took.

    Raises:
        SystemExit: the page no longer has a command, or leaves no picture.
    """
    text = (PAGES / reader.page).read_text(encoding="utf8")
    lost = [command for command in reader.commands if f"simplatform {command}\n" not in text]
    if lost:
        raise SystemExit(f"{reader.page} does not say {lost}")
    with tempfile.TemporaryDirectory() as folder:
        start, before = time.perf_counter(), _processor()
        for block in re.findall(r"```python\n(.*?)```", text, re.S)[:1] if name != "plugin" else []:
            _done([sys.executable, "-c", block], folder)
        for command in reader.commands:
            _done([sys.executable, "-m", "simplatform.cli", *shlex.split(command)], folder)
        wall, processor = time.perf_counter() - start, _processor() - before
        pictures = sorted(Path(folder).glob(reader.picture))
        if not pictures:
            raise SystemExit(f"{reader.page}: no {reader.picture}")
        return {
            "reader": name, "page": f"docs/tutorials/{reader.page}", "picture": reader.picture,
            "wall_seconds": round(wall, 1), "processor_seconds": round(processor, 1),
            "bytes": pictures[0].stat().st_size, "in_time": wall <= SHORT,
        }  # fmt: skip


def _done(command: list[str], folder: str) -> None:
    fresh = {**os.environ, "SIMPLATFORM_CACHE": f"{folder}/cache"}
    own = Path(folder, "site")
    if Path(folder, OWN).exists() and not own.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
        subprocess.run([*pip, str(own), f"./{OWN}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    if own.exists():
        fresh["PYTHONPATH"] = str(own)
    subprocess.run(command, cwd=folder, env=fresh, check=True, stdout=subprocess.DEVNULL)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
