"""Registries: names that plugins gave, and the lazy targets behind them."""

from __future__ import annotations

import pytest

from simplatform.errors import PluginError, UnknownName
from simplatform.plugin_host.registry import Entry, Registry, resolve


def test_registry_miss_suggests_and_resolve_names_the_target():
    registry = Registry("policy")
    registry.add(Entry("policy", "mp1", "p", "d", "json:dumps"))
    with pytest.raises(UnknownName, match="Did you mean mp1"):
        registry.get("mp2")
    with pytest.raises(PluginError, match="no_such_module:X"):
        resolve("no_such_module:X")
    with pytest.raises(PluginError, match="json:nothing"):
        resolve("json:nothing")
