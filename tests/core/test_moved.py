"""Names of version 0.1: old import paths, targets of plugins, checkpoints and runs go on working."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import simplatform


def test_a_package_that_took_a_modules_name_still_gives_what_that_held():
    with pytest.warns(DeprecationWarning, match="monitors.MONITORS is in .*standard now"):
        from simplatform.envs.mesh.monitors import MONITORS
    assert MONITORS is import_module("simplatform.envs.mesh.monitors.standard").MONITORS
    with pytest.raises(ImportError, match="cannot import name"):
        from simplatform.envs.mesh.monitors import no_such_thing  # noqa: F401


@pytest.mark.parametrize("name", ["nothing", "runs.nothing", "policies.unet.nothing"])
def test_what_never_was_is_not_found(name):
    with pytest.raises(ModuleNotFoundError):
        import_module(f"simplatform.{name}")


def test_a_user_of_an_old_name_is_warned_in_their_own_file(tmp_path):
    (tmp_path / "mine.py").write_text("from simplatform.config import Config\nprint(Config.__module__)\n")
    found = subprocess.run([sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout == "simplatform.contracts.config\n"
    assert "mine.py:1: DeprecationWarning: simplatform.config is simplatform.recipes.config now" in found.stderr


def test_all_that_plugin_authors_need_is_at_the_root():
    for name in simplatform.__all__:
        assert getattr(simplatform, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = simplatform.Nothing
