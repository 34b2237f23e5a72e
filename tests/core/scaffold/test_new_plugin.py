"""``simplatform new plugin``: each kind installs, keeps its contract and passes its own tests, untouched."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from simplatform.errors import UsageError
from simplatform.scaffold import KINDS, new_plugin

SITE = Path(__file__).parents[2] / "site"


def install(project):
    """Write the metadata that ``pip install -e`` would write, so that the entry point is found on the path."""
    about = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    folder = project / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    folder.mkdir()
    needs = "".join(f"Requires-Dist: {line}\n" for line in about["dependencies"])
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n{needs}"
    )
    points = "".join(f"{key} = {value}\n" for key, value in about["entry-points"]["simplatform"].items())
    (folder / "entry_points.txt").write_text(f"[simplatform]\n{points}")
    return project


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


def test_every_kind_passes_its_own_tests(tmp_path):
    projects = [install(new_plugin(f"tried-{kind}", kind, tmp_path, "toy/point")) for kind in KINDS]
    tests = [str(project / "tests") for project in projects]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib"]
    out = run([*command, "-c", str(projects[0] / "pyproject.toml"), *tests], tmp_path, SITE, *projects)
    assert "8 passed" in out


@pytest.mark.slow
@pytest.mark.timeout(1200)  # mypy reads torch from nothing
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_installs_and_is_typed(tmp_path, kind):
    project = new_plugin(f"tried-{kind}", kind, tmp_path)
    site = pip_install(project)
    run([sys.executable, "-m", "pytest", "-q", "tests"], project, site)
    run([sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "mypy")], project, site)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_from_the_template_to_a_row_beside_mp1(tmp_path):
    """The tutorial's path on the command line: new, install, test, run, compare; its code is as it was made."""
    command = [sys.executable, "-m", "simplatform.cli"]
    run([*command, "new", "plugin", "my-method"], tmp_path)
    project = tmp_path / "simplatform-my-method"
    site = pip_install(project)
    run([sys.executable, "-m", "pytest", "-q", "tests"], project, site)
    shared = ["--device", "cpu", "--json", "--set", "task.episodes=6", "--output", str(tmp_path / "runs")]
    budgets = {"my-method": [], "mp1": ["--task", "metaworld/reach", "--set", "train.steps=2"]}
    runs = [
        json.loads(run([*command, "run", "--plugin", name, *shared, *more], tmp_path, site))["run"]
        for name, more in budgets.items()
    ]
    mine, other = json.loads(run([*command, "compare", *runs, "--json"], tmp_path, site))["runs"]
    assert (mine["plugin"], other["plugin"]) == ("my-method", "mp1")
    assert other["against first"].endswith("(n=6)")  # the same six episodes
    assert int(mine["success"].split("/6 = ")[0]) >= 2  # 43 of 60 over three seeds: docs/tutorials/your-own-plugin.md


def test_the_name_is_checked(tmp_path):
    for name in ("My_Method", "../evil", "a--b", "-a", "1a", ""):
        with pytest.raises(UsageError, match="lower-case"):
            new_plugin(name, "policy", tmp_path, "toy/point")
    with pytest.raises(UsageError, match="taken"):
        new_plugin("toy", "policy", tmp_path, "toy/point")
    assert not list(tmp_path.glob("simplatform-*"))


def test_an_existing_folder_is_kept(tmp_path):
    new_plugin("tried", "solver", tmp_path)
    with pytest.raises(UsageError, match="exists already"):
        new_plugin("tried", "env", tmp_path)
    with pytest.raises(UsageError, match="unknown kind"):
        new_plugin("other", "robot", tmp_path)


def test_the_command_says_what_comes_next(cli, tmp_path):
    out = cli("new", "plugin", "tried-world", "--kind", "env", check=0).stdout
    assert "pip install -e" in out
    assert (tmp_path / "simplatform-tried-world" / "simplatform_tried_world" / "environment.py").exists()
