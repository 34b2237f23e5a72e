"""``simplatform new plugin``: each kind installs, keeps its contract and passes its own tests, untouched."""

import json
import sys

import pytest

from tests.core.scaffold.new_plugin_cases import pip_install, run


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


def test_the_command_says_what_comes_next(cli, tmp_path):
    out = cli("new", "plugin", "tried-world", "--kind", "env", check=0).stdout
    assert "pip install -e" in out
    assert (tmp_path / "simplatform-tried-world" / "simplatform_tried_world" / "environment.py").exists()
