"""Where modules of version 0.1 stand now: an import by an old name gives the module."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

import pytest

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
