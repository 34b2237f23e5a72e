"""Plants twenty faults, one at a time, in a copy of the program, and runs the tests that mirror the changed file.

    python benchmarks/faults/mutants.py            # writes mutants.json beside this file; minutes
    python benchmarks/faults/mutants.py --only ddim-sign --only theta

The faults are those of ``mutants.toml``. Each is one line, of the kind that a slip of the pen makes: a sign, a factor,
an index, a comparison. It is caught when a test fails; tests that cannot start, or run out of time, catch nothing.
First, the tests have to pass without a fault.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from simplatform.experiments.record import write_result
from simplatform.runs.files import read_json

ROOT = Path(__file__).parents[2]
REASONS = {"seeds": "nothing is random but what tests draw", "n": "`planted`", "interval": "none may be missed"}
LIMIT = 400
"""Seconds of one run of tests."""


class Fault(NamedTuple):
    """``old``, which stands in ``file`` once, becomes ``new``."""

    family: str
    file: str
    old: str
    new: str


FAULTS = {name: Fault(**row) for name, row in tomllib.loads(Path(__file__).with_suffix(".toml").read_text()).items()}


def main() -> None:
    """Plant what is asked for, and write the table after each."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", action="append", choices=list(FAULTS), help="one of the faults; may be repeated")
    options.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    chosen = options.parse_args()
    rows = read_json(chosen.json)["rows"] if chosen.json.exists() else []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = copied(Path(folder))
        for name in chosen.only or FAULTS:
            made = trial(name, FAULTS[name], tree)
            rows = sorted(
                [*(row for row in rows if row["name"] != name), made], key=lambda row: list(FAULTS).index(row["name"])
            )
            print(made, flush=True)
            result = {"caught": sum(row["caught"] for row in rows), "planted": len(rows), "rows": rows}
            reasons = {
                "seeds": "nothing is random but what tests draw",
                "n": "`planted`",
                "interval": "none may be missed",
            }
            write_result(chosen.json, result, missing=reasons)


def copied(folder: Path) -> Path:
    """Copy what tests need, and put the package's folders together as ``simplatform``."""
    tree = folder / "tree"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)
    (tree / "package").mkdir()
    (tree / "package" / "simplatform").symlink_to(tree / "core")
    for part in ("envs", "plugins", "policies"):
        (tree / "core" / part).symlink_to(tree / part)
    return tree


def trial(name: str, fault: Fault, tree: Path) -> dict[str, Any]:
    """Run the tests of a file without and with a fault in it."""
    path, tests = tree / fault.file, mirrored(fault.file, tree)
    sound = path.read_text(encoding="utf8")
    if sound.count(fault.old) != 1:
        raise SystemExit(f"{name}: {fault.old!r} stands {sound.count(fault.old)} times in {fault.file}; expected once")
    before = run(tests, tree)
    path.write_text(sound.replace(fault.old, fault.new), encoding="utf8")
    try:
        after = run(tests, tree)
    finally:
        path.write_text(sound, encoding="utf8")
    return {
        "name": name, **fault._asdict(), "tests": tests, "passed_without": before["code"] == 0,
        "caught": before["code"] == 0 and after["code"] == 1, "failed": after["failed"], "seconds": after["seconds"],
    }  # fmt: skip


def mirrored(file: str, tree: Path) -> str:
    """Return the test file of a source file, or the folder of tests of its room where it has none of its own."""
    path = Path(file)
    own = Path("tests") / path.parent / f"test_{path.stem}.py"
    return str(next(place for place in (own, *own.parents) if (tree / place).exists()))


def run(tests: str, tree: Path) -> dict[str, Any]:
    """Run tests up to the first that fails; pytest's code is 1 where one failed, and another where none could run."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", tests]
    own = {"PYTHONPATH": str(tree / "package"), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    start = time.perf_counter()
    try:
        done = subprocess.run(
            command, cwd=tree, capture_output=True, text=True, timeout=LIMIT, env={**os.environ, **own}
        )
        failed = [
            line.split(" - ")[0].split("::", 1)[-1] for line in done.stdout.splitlines() if line.startswith("FAILED")
        ]
        code = done.returncode
    except subprocess.TimeoutExpired:
        failed, code = [], -1
    return {"code": code, "failed": failed, "seconds": round(time.perf_counter() - start, 1)}


if __name__ == "__main__":
    main()
