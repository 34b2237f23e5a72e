"""How much memory a training on recordings takes, beside what its policy uses of them.

    python benchmarks/policies/reading_memory.py [--frames 4000]

Writes recordings: DP3's zarr with 2048 coloured points in no order, of which 512 are sampled, and pictures of 256 × 256
pixels, of which 96 × 96 are seen (Diffusion Policy's zarr). Reads each and trains MP1 for five steps in a process of
its own, and takes the largest resident set that the system saw, less that of the same with 80 frames. Pages of mapped
files count, although the system may take them back. What the policy uses are the arrays that it is given. Writes
``reading_memory.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.experiments.record import write_result

HERE = Path(__file__).parent
LENGTH = 20
"""Frames of an episode."""
KINDS = {"point_cloud": (2048, 6), "img": (256, 256, 3)}


def write(path: Path, kind: str, frames: int) -> int:
    """Write recordings of a kind; returns the bytes of its arrays."""
    import zarr

    draws, root = np.random.default_rng(0), zarr.open_group(str(path), mode="w", zarr_format=2)
    data, shape = root.create_group("data"), KINDS[kind]
    for name, width in (("state", 7), ("action", 7)):
        data.create_array(name, data=draws.normal(size=(frames, width)).astype(np.float32))
    dtype: Any = np.float32 if kind == "point_cloud" else np.uint8
    array = data.create_array(kind, shape=(frames, *shape), chunks=(LENGTH, *shape), dtype=dtype, compressors=None)
    for start in range(0, frames, LENGTH):
        block = draws.random((LENGTH, *shape), np.float32)
        array[start : start + LENGTH] = block if kind == "point_cloud" else (255 * block).astype(np.uint8)
    root.create_group("meta").create_array("episode_ends", data=np.arange(LENGTH, frames + 1, LENGTH))
    return frames * int(np.prod(shape)) * np.dtype(dtype).itemsize


def child(path: str, folder: str) -> dict[str, int]:
    """Read and train; return the bytes of the arrays that the policy is given, and the largest resident set."""
    import simplatform as sp
    from simplatform.envs.recorded.reading import How, recording

    settings = {"env.path": path, "policy.widths": [8, 16], "train.steps": 5, "train.batch": 8}
    sp.run("mp1", "replay", settings=settings, output=folder, until="fit", device="cpu", workers=1)
    found = recording(path, How()).demonstrations
    used = [found.joined(key) for key in found[0].observations] + [found.stacked_actions()]
    return {
        "used": sum(array.nbytes for array in used),
        "peak": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def measured(kind: str, frames: int, scratch: Path) -> dict[str, int]:
    """Measure in a process of its own."""
    place = scratch / f"{kind}-{frames}"
    size = write(place / "own.zarr", kind, frames)
    environment = {**os.environ, "SIMPLATFORM_CACHE": str(place / "cache"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--child", str(place / "own.zarr"), str(place / "runs")]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return {"file": size, **json.loads(done.stdout.splitlines()[-1])}


def rows(frames: int) -> Iterator[dict[str, Any]]:
    """Yield a row a kind, in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            few, many = (measured(kind, count, Path(folder)) for count in (4 * LENGTH, frames))
            more = {name: (many[name] - few[name]) / 2**20 for name in many}
            yield {
                "kind": kind, "frames": frames, **{f"{name}_mib": round(value, 1) for name, value in more.items()},
                "base_mib": round(few["peak"] / 2**20, 1), "peak_over_used": round(more["peak"] / more["used"], 3),
                "peak_over_file": round(more["peak"] / more["file"], 3),
            }  # fmt: skip


def main() -> None:
    """Measure, and write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--frames", type=int, default=4000)
    options.add_argument("--child", nargs=2)
    options.add_argument("--json", type=Path, default=HERE / "reading_memory.json")
    chosen = options.parse_args()
    if chosen.child:
        print(json.dumps(child(*chosen.child)))
        return
    found = list(rows(chosen.frames))
    missing = {"seeds": "memory has none", "interval": "one run a kind: the largest resident set of a whole training"}
    write_result(chosen.json, {"samples": 1, "rows": found}, missing=missing)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
