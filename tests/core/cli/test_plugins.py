"""``simplatform plugins``: what is installed, what became of it, what it gives."""

from __future__ import annotations

import json

from simplatform.cli.plugins import _gives
from simplatform.plugin_host.host import get_host


def test_every_plugin_is_listed_with_what_became_of_it(program):
    code, out, _ = program("plugins", "--json")
    assert code == 0
    found = {one["name"]: one for one in json.loads(out)["plugins"]}
    assert set(found) == {plugin.name for plugin in get_host().plugins}
    assert found["toy"]["status"] == "ok"
    assert found["toy"]["distribution"] == "simplatform-toy"
    assert found["toy"]["milliseconds"] >= 0


def test_few_names_are_told_and_many_are_counted():
    assert "policy: mp1" in _gives("mp1")
    many = max(get_host().plugins, key=lambda plugin: len(_gives(plugin.name)))
    for part in _gives(many.name).split("; "):
        assert " × " in part or part.count(",") <= 2
    assert _gives("no-such") == ""


def test_a_disabled_plugin_says_why(program, monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_PLUGINS", "mp1")
    get_host.cache_clear()
    found = {one["name"]: one for one in json.loads(program("plugins", "--json")[1])["plugins"]}
    assert found["mp1"]["status"] == "ok"
    assert found["toy"]["status"] == "disabled"
    assert "SIMPLATFORM_PLUGINS" in found["toy"]["reason"]
