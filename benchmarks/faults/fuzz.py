"""Coverage-guided fuzzing of every file reader with Atheris: only the platform's named errors may come out.

    pip install atheris
    python benchmarks/faults/fuzz.py [--seconds 60] [--readers checkpoint mesh …]

Each reader starts from valid files and from what earlier campaigns kept. An input's first byte chooses the file, the
rest replaces its content. Anything but a ``SimplatformError`` is a crash, as is more than 30 s or 4 GB for one input.
Writes ``fuzz.json`` beside itself, and the inputs that reached new code into ``corpus/READER.zip``, which the tests
read again (``tests/core/test_corpus.py``). An input that crashed is kept in ``build/fuzz/READER`` with its traceback.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simplatform.experiments.record import write_result

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIMITS = ("-timeout=30", "-rss_limit_mb=4096", "-max_len=65536", "-print_final_stats=1", "-verbosity=1")


def main() -> None:
    """Fuzz each reader in a process of its own, and write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=60, help="per reader")
    options.add_argument("--readers", nargs="*", default=[])
    options.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        fuzz(*chosen.child, chosen.seconds)
    sys.path.insert(0, str(HERE))
    from readers import READERS

    rows = {name: campaign(name, chosen.seconds) for name in chosen.readers or READERS}
    old = json.loads((HERE / "fuzz.json").read_text())["readers"] if (HERE / "fuzz.json").exists() else {}
    table = {"atheris": version("atheris"), "readers": {**old, **rows}}
    reasons = {"seeds": "libFuzzer draws its own", "n": "`inputs` of each reader", "interval": "counts of crashes"}
    write_result(HERE / "fuzz.json", table, missing=reasons)


def campaign(name: str, seconds: int) -> dict[str, Any]:
    """Fuzz one reader; returns inputs tried, inputs kept because they reached new code, and crashes."""
    kept = ROOT / "build" / "fuzz" / name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="corpus-") as corpus:
        unpack(name, Path(corpus))
        command = [sys.executable, __file__, "--child", name, corpus, "--seconds", str(seconds)]
        result = subprocess.run(command, cwd=kept, capture_output=True, env=_environment())
        pack(name, Path(corpus))
    said = (result.stdout + result.stderr).decode(errors="replace")
    found = {
        "inputs": _number(said, r"stat::number_of_executed_units: (\d+)"),
        "seeds": _number(said, r"seeds: (\d+)"),
        "corpus": _number(said, r"corp: (\d+)/"),
        "edges": _number(said, r"cov: (\d+)"),
        "seconds": seconds,
        "crashes": int(result.returncode != 0),
    }
    if result.returncode:
        (kept / "traceback.txt").write_text(said[-20_000:])
    print(name, found, flush=True)
    return found


def fuzz(name: str, corpus: str, seconds: int) -> None:
    """Run Atheris on one reader, in this process, from and into a folder of inputs; does not return."""
    import atheris

    sys.path.insert(0, str(HERE))
    with atheris.instrument_imports(include=["simplatform", "readers", "meshio", "zarr", "h5py", "tomllib"]):
        from readers import READERS, Spoiled

        spoiled = Spoiled(READERS[name], Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-")))
    for index, content in enumerate(spoiled.originals):
        (Path(corpus) / f"seed{index}").write_bytes(bytes([index]) + content)
    print(f"seeds: {len(spoiled.originals)}", file=sys.stderr)
    atheris.Setup([sys.argv[0], corpus, f"-max_total_time={seconds}", *LIMITS], spoiled)
    atheris.Fuzz()


def unpack(name: str, folder: Path) -> None:
    """Put what earlier campaigns kept into a folder."""
    if packed(name).exists():
        zipfile.ZipFile(packed(name)).extractall(folder)


def pack(name: str, folder: Path) -> None:
    """Keep what reached new code; valid files are made anew each time."""
    packed(name).parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(packed(name), "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            if not path.name.startswith("seed"):
                archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)


def packed(name: str) -> Path:
    """Return the archive of a reader's inputs."""
    return HERE / "corpus" / f"{name.replace(' ', '-')}.zip"


def _environment() -> dict[str, str]:
    paths = os.pathsep.join([str(ROOT / "tests" / "site"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "HDF5_USE_FILE_LOCKING": "FALSE"}


def _number(text: str, pattern: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


if __name__ == "__main__":
    main()
