"""What all tests share: a third-party plugin on the path, a cache and a working folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # a machine that others use as well makes no test fail

os.environ.setdefault("GOMP_SPINCOUNT", "20000")
SITE = Path(__file__).parent / "site"
if str(SITE) not in sys.path:
    sys.path.insert(0, str(SITE))

import simplatform.testing  # noqa: E402, F401  (before any gradient: autograd counts devices once)


@pytest.fixture(autouse=True)
def _isolated(tmp_path, monkeypatch):
    """Keep caches and run directories of one test out of all others, and out of the user's home."""
    from simplatform.plugin_host.host import get_host

    monkeypatch.setenv("SIMPLATFORM_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SIMPLATFORM_PLUGINS", raising=False)
    monkeypatch.chdir(tmp_path)
    yield
    get_host.cache_clear()


@pytest.fixture
def cli(tmp_path):
    """Return a function that runs the command line in a fresh process, with the toy plugin installed."""

    def run(*arguments, timeout=120, env=None, check=None):
        result = subprocess.run(
            [sys.executable, "-m", "simplatform.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=tmp_path,
            env=subprocess_env(tmp_path, env),
        )
        if check is not None:
            assert result.returncode == check, result.stderr + result.stdout
        return result

    return run


def subprocess_env(tmp_path, extra=None):
    """Return the environment of a child process: the toy on the path, one thread, a cache of its own."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(SITE), *(extra or {}).pop("PYTHONPATH", "").split(os.pathsep)]).rstrip(":"),
        "SIMPLATFORM_CACHE": str(tmp_path / "cache"),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",
        **(extra or {}),
    }
