"""``doctor``: what is missing or stale is named with the command that mends it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from simplatform.plugin_host import doctor
from simplatform.plugin_host.host import get_host

ROOT = Path(__file__).parents[3]


def checks():
    return dict(doctor.run_checks())


def test_a_whole_installation_is_ok():
    assert checks()["installation"].ok


def test_a_stale_egg_info_that_hides_plugins_is_named(tmp_path, monkeypatch):
    """As left in a checkout by an earlier build, and found first by ``python -m pytest`` there."""
    stale = tmp_path / "simplatform.egg-info"
    stale.mkdir()
    (stale / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: simplatform\nVersion: 0.1.0\n")
    (stale / "entry_points.txt").write_text("[simplatform]\nsolvers = simplatform.plugins.solvers\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    get_host.cache_clear()
    found = checks()["installation"]
    assert not found.ok
    assert "no entry point for" in found.found
    assert "mp1" in found.found
    assert found.fix == f"rm -r {tmp_path}/simplatform.egg-info; pip install -e ."


def test_missing_packages_name_their_extra():
    assert doctor.package_check("no_such_package_anywhere", "mesh").fix == "pip install 'simplatform[mesh]'"
    assert doctor.package_check("json", "mesh") == doctor.Check(True, "installed")


@pytest.mark.parametrize("folder", ["core", "envs", "policies", "plugins", "tests", "docs", "examples", "README.md"])
def test_every_extra_that_is_named_exists(folder):
    """A command that is given as the fix must do something."""
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    place = ROOT / folder
    files = [place] if place.is_file() else [p for kind in ("*.py", "*.md", "*.j2") for p in place.rglob(kind)]
    for file in files:
        named = set(re.findall(r"simplatform\[([a-z,]+)\]", file.read_text(encoding="utf8")))
        assert {part for group in named for part in group.split(",")} <= extras, file
