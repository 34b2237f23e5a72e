"""Names of version 0.1: old import paths, targets of plugins, checkpoints and runs go on working."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest

import simplatform
from simplatform._moved import MOVED, present_name
from simplatform.plugin_host.registry import resolve


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_every_module_that_moved_stands_where_the_table_says(old, new):
    assert find_spec(new) is not None
    assert new not in MOVED


@pytest.mark.parametrize(
    ("old", "name"),
    [
        ("simplatform.config", "Config"),
        ("simplatform.environments", "make_env"),
        ("simplatform.host", "get_host"),
        ("simplatform.doctor", "Check"),
        ("simplatform.callbacks", "Callback"),
        ("simplatform.policies.mp1", "MP1"),
        ("simplatform.policies.unet.network", "ConditionalUnet"),
        ("simplatform.policies.dynamics.experts.geps", "GEPS"),
        ("simplatform.policies.predictors.stnn", "StNN"),
        ("simplatform.envs.mesh.mesh", "Mesh"),
    ],
)
def test_an_old_name_gives_the_same_module(old, name, monkeypatch):
    monkeypatch.delitem(sys.modules, old, raising=False)
    with pytest.warns(DeprecationWarning, match=f"{old} is {present_name(old)} now"):
        module = import_module(old)
    assert module is import_module(present_name(old))
    assert module.__name__ == present_name(old)
    assert resolve(f"{old}:{name}") is getattr(module, name)


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
