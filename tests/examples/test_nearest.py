"""The third-party plugin under examples/, on an import path of its own: found, checked, run, compared."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "examples" / "simplatform-nearest"


@pytest.fixture
def path(tmp_path):
    """Install the package as an installer would: its modules, and the metadata that its pyproject declares."""
    site = tmp_path / "site"
    shutil.copytree(SOURCE / "simplatform_nearest", site / "simplatform_nearest")
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text())["project"]
    info = site / f"simplatform_nearest-{project['version']}.dist-info"
    info.mkdir()
    needs = "".join(f"Requires-Dist: {need}\n" for need in project["dependencies"])
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(head + needs)
    points = project["entry-points"]["simplatform"]
    (info / "entry_points.txt").write_text("[simplatform]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()))
    return str(site)


def test_plugin_is_found_and_shows_up_in_every_comparison(cli, path):
    env = {"PYTHONPATH": path}
    plugins = json.loads(cli("plugins", "--json", env=dict(env), check=0).stdout)["plugins"]
    (nearest,) = [plugin for plugin in plugins if plugin["name"] == "nearest"]
    assert (nearest["status"], nearest["distribution"]) == ("ok", "simplatform-nearest")
    checked = cli("check", "nearest", "--task", "toy/point", env=dict(env), check=0).stdout
    assert "policy nearest on toy/point" in checked
    settings = ["--set", "task.demonstrations=40", "--set", "task.episodes=5"]
    runs = []
    for plugin in ("nearest", "toy-mean"):
        done = cli("run", "--plugin", plugin, "--task", "toy/point", *settings, "--json", env=dict(env), check=0)
        runs.append(json.loads(done.stdout))
    near, mean = (run["distance"]["value"] for run in runs)
    assert near < 0.6 * mean
    rows = json.loads(cli("compare", *(run["run"] for run in runs), "--json", env=dict(env), check=0).stdout)["runs"]
    assert [row["plugin"] for row in rows] == ["nearest", "toy-mean"]


def test_policy_fits_in_forty_lines():
    lines = (SOURCE / "simplatform_nearest" / "policy.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 45
