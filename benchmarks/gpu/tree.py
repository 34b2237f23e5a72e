"""The package on a machine where it is not installed: a tree of links, and the entry points of pyproject."""

from __future__ import annotations

import re
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def importable() -> None:
    """Put the package and the tests' toy plugin on the path of this process, unless the package is installed."""
    for folder in (ROOT, ROOT / "tests" / "site", ROOT / "tests" / "core" / "testing"):
        sys.path.insert(0, str(folder))
    try:
        import simplatform  # noqa: F401
    except ImportError:
        sys.path.insert(0, str(_linked(Path(tempfile.mkdtemp(prefix="simplatform-")))))


def _linked(folder: Path) -> Path:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    package = folder / "simplatform"
    package.mkdir()
    for path in (ROOT / "core").iterdir():
        (package / path.name).symlink_to(path)
    for name in ("envs", "policies", "plugins"):
        (package / name).symlink_to(ROOT / name)
    found = re.search(r'^__version__ = "(.+)"', (ROOT / "core" / "_version.py").read_text(encoding="utf8"), re.M)
    version = found[1] if found else "0"
    about = folder / f"simplatform-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: simplatform\nVersion: {version}\n")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in entries.items()), ""]
    (about / "entry_points.txt").write_text("\n".join(lines))
    return folder
