"""``make types``: mypy over the repository's folders under the names that they have once installed.

``core/`` *is* the package ``simplatform`` and the other folders are its subpackages, which no checker can guess. So a
tree of links says it (``build/types/simplatform/...``), mypy runs there, and its messages name the repository's files.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TARGETS = ("simplatform", "examples", "examples/simplatform-nearest/simplatform_nearest")
SUBPACKAGES = ("envs", "plugins", "policies")


def lay_out(root: Path, tree: Path) -> None:
    """Link the folders of the repository at ``root`` into ``tree`` as they are installed."""
    package = tree / "simplatform"
    package.mkdir(parents=True, exist_ok=True)
    wanted = {path.name: path for path in (root / "core").iterdir() if path.name != "__pycache__"}
    wanted |= {name: root / name for name in SUBPACKAGES}
    for old in package.iterdir():
        old.unlink()
    for name, path in wanted.items():
        (package / name).symlink_to(os.path.relpath(path, package))
    if not (tree / "examples").is_symlink():
        (tree / "examples").symlink_to(os.path.relpath(root / "examples", tree))


def mapped_back(text: str) -> str:
    """Write the repository's paths into mypy's messages."""
    text = re.sub(rf"\bsimplatform/({'|'.join(SUBPACKAGES)})/", r"\1/", text)
    return re.sub(r"(?<!/)\bsimplatform/", "core/", text)


def scripts(tree: Path) -> list[str]:
    """List the numbered examples; they are checked one by one, as scripts are."""
    return [f"examples/{path.name}" for path in sorted((tree / "examples").glob("*.py"))]


def check(root: Path = ROOT, targets: tuple[str, ...] = (), cache: Path | None = None) -> tuple[int, str]:
    """Run mypy with the repository's settings over ``targets`` (default: all); return its code and words."""
    tree = root / "build" / "types"
    lay_out(root, tree)
    chosen = targets or ("simplatform", *scripts(tree), TARGETS[2])
    command = [sys.executable, "-m", "mypy", "--config-file", str(root / "pyproject.toml"), "--no-error-summary"]
    done = subprocess.run(
        [*command, "--cache-dir", str(cache or root / ".mypy_cache"), *chosen], cwd=tree, capture_output=True, text=True
    )
    return done.returncode, mapped_back(done.stdout + done.stderr)


if __name__ == "__main__":
    code, words = check(targets=tuple(sys.argv[1:]))
    print(words or "types hold in core, envs, policies, plugins and examples", end="\n" if not words else "")
    sys.exit(code)
