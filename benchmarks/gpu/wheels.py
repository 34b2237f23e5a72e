"""Gather what a bare machine with Python 3.12 and a CUDA build of torch lacks: ``make gpu-wheels``.

    python benchmarks/gpu/wheels.py .whl

Versions are those of constraints.txt. There: python3 -m pip install --no-index --no-deps --target /tmp/site .whl/*.whl
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LACKING = (
    "mujoco", "metaworld", "gymnasium", "glfw", "pyopengl", "farama-notifications", "cloudpickle", "pydantic",
    "pydantic-core", "annotated-types", "typing-inspection", "typing-extensions", "scikit-fem", "absl-py", "etils",
    "imageio", "meshio",
)  # fmt: skip
"""Without gmsh, vtk, open3d and dysts: they would not fit, and what needs them is left out there."""
MOST = 60 * 2**20
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in (39, 35, 34, 31, 28, 27, 24, 17, 5)]
PLATFORMS += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"]


def main() -> None:
    """Download the wheels, and say how large they are together."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".whl")
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(encoding="utf8"), re.M))
    pins = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins.items()}
    for name in LACKING:
        wanted = f"{name}=={pins[name]}" if name in pins else name
        places = [f"--platform={platform}" for platform in PLATFORMS]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
             "--python-version=3.12", "--implementation=cp", *places, "-d", str(folder), wanted], check=True,
        )  # fmt: skip
    size = sum(path.stat().st_size for path in folder.glob("*.whl"))
    print(f"{len(list(folder.glob('*.whl')))} wheels, {size / 2**20:.1f} MiB in {folder}")
    if size > MOST:
        raise SystemExit(f"more than {MOST / 2**20:.0f} MiB: leave something out")


if __name__ == "__main__":
    main()
