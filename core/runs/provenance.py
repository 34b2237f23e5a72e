"""What a result depends on beside its recipe: code, versions, machine. Written beside every number."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from simplatform._version import __version__
from simplatform.executors import available_cores
from simplatform.plugin_host.host import get_host

DISTRIBUTIONS = ("torch", "numpy", "scipy", "gymnasium", "mujoco", "metaworld", "scikit-fem")


def provenance(device: str = "cpu") -> dict[str, Any]:
    """Return versions, machine, device, git commit and plugins."""
    import torch

    gpu = torch.cuda.get_device_name() if device.startswith("cuda") else ""
    return {
        "simplatform": __version__, "python": platform.python_version(), "versions": installed(DISTRIBUTIONS),
        "platform": platform.platform(), "processor": processor(), "cores": available_cores(),
        "threads": torch.get_num_threads(), "device": device, "gpu": gpu, "git": _git_sha(),
        "plugins": {p.name: f"{p.distribution} {p.version}" for p in get_host().plugins if p.status == "ok"},
    }  # fmt: skip


def measured_on(device: str = "cpu") -> dict[str, Any]:
    """Return what stands beside a benchmark's numbers: its command, the load of the machine, and ``provenance``."""
    return {"command": command(), "load": round(os.getloadavg()[0], 2), **provenance(device)}


def command() -> str:
    """Return the command that started this process, from the folder of the repository.

    Of an absolute path the last name is told: the folders of one machine are of no use to another.
    """
    script = Path(sys.argv[0])
    parts = script.parts[script.parts.index("benchmarks") :] if "benchmarks" in script.parts else (script.name,)
    arguments = [Path(one).name if Path(one).is_absolute() else one for one in sys.argv[1:]]
    return shlex.join(["python", "/".join(parts), *arguments])


def installed(distributions: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of distributions; empty where one is not installed."""
    found = {}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def processor() -> str:
    """Return the processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _git_sha() -> str:
    try:
        here = Path(__file__).parent
        command = ["git", "-C", str(here), "rev-parse", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
