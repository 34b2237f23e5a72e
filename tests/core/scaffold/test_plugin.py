"""Write a new plugin from plain-file templates: ``templates/common--*`` and ``templates/<kind>--*``."""

import sys
import tomllib
from pathlib import Path

import pytest

from simplatform.errors import UsageError
from simplatform.scaffold import KINDS, new_plugin
from tests.core.scaffold.new_plugin_cases import pip_install, run

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


def own_tests(folder, projects):
    """Run the tests of new plugins beside each other; returns what pytest says."""
    tests = [str(project / "tests") for project in projects]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib"]
    return run([*command, "-c", str(projects[0] / "pyproject.toml"), *tests], folder, SITE, *projects)


def test_every_kind_passes_its_own_tests(tmp_path):
    projects = [install(new_plugin(f"tried-{kind}", kind, tmp_path, "toy/point")) for kind in KINDS]
    assert "9 passed" in own_tests(tmp_path, projects)


def test_a_policy_for_tasks_of_other_families_passes_its_own_tests(tmp_path):
    """A window of a series is no robot's state, and meshes have no two actions of one shape."""
    projects = [install(new_plugin(f"tried-{task}", "policy", tmp_path, task)) for task in ("lorenz", "helmholtz")]
    assert "6 passed" in own_tests(tmp_path, projects)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["policy", "task"])
def test_every_family_passes_its_own_tests(tmp_path, kind):
    tasks = ("metaworld/reach", "lorenz", "helmholtz", "odebench-4", "fields/burgers")
    projects = [install(new_plugin(f"tried-{number}", kind, tmp_path, task)) for number, task in enumerate(tasks)]
    assert f"{len(tasks) * (3 if kind == 'policy' else 1)} passed" in own_tests(tmp_path, projects)


@pytest.mark.slow
@pytest.mark.timeout(1200)  # mypy reads torch from nothing
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_installs_and_is_typed(tmp_path, kind):
    project = new_plugin(f"tried-{kind}", kind, tmp_path)
    site = pip_install(project)
    run([sys.executable, "-m", "pytest", "-q", "tests"], project, site)
    run([sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "mypy")], project, site)


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
