"""What the tests of new plugin share."""

import os
import subprocess
import sys


def pip_install(project):
    """Install a project as a user would, into a folder of its own; returns that folder."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", "site", "."]
    run(pip, project)
    return project / "site"


def run(command, cwd, *folders):
    path = os.pathsep.join(map(str, folders))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "SIMPLATFORM_CACHE": str(cwd / "cache")}
    result = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
