"""``simplatform plugins``: what is installed, what became of it, what it gives."""

from __future__ import annotations

import json

from simplatform.plugin_host.host import get_host


def test_every_plugin_is_listed_with_what_became_of_it(program):
    code, out, _ = program("plugins", "--json")
    assert code == 0
    found = {one["name"]: one for one in json.loads(out)["plugins"]}
    assert set(found) == {plugin.name for plugin in get_host().plugins}
    assert found["toy"]["status"] == "ok"
    assert found["toy"]["distribution"] == "simplatform-toy"
    assert found["toy"]["milliseconds"] >= 0


def test_plugins_stand_under_what_they_are_for_and_each_has_one_line(program):
    code, out, _ = program("plugins")
    assert code == 0
    groups = [block.splitlines() for block in out.strip().split("\n\n")]
    under = {line.split()[0]: lines[0] for lines in groups for line in lines[1:]}
    assert set(under) == {plugin.name for plugin in get_host().plugins}
    assert sum(len(lines) - 1 for lines in groups) == len(under)
    assert under["mp1"] == under["metaworld"] != under["stnn"] == under["prediction"]


def test_a_plugin_that_did_not_load_stands_first_with_its_reason(program, monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_PLUGINS", "mp1")
    get_host.cache_clear()
    lines = program("plugins")[1].splitlines()
    assert lines[0] == "not loaded"
    assert any(line.split()[0] == "stnn" and "SIMPLATFORM_PLUGINS" in line for line in lines)


def test_verbose_tells_versions_and_all_that_each_gives(program):
    out = program("plugins", "--verbose")[1]
    assert "simplatform-toy" in out
    assert "policy: mp1" in " ".join(out.split())


def test_a_disabled_plugin_says_why(program, monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_PLUGINS", "mp1")
    get_host.cache_clear()
    found = {one["name"]: one for one in json.loads(program("plugins", "--json")[1])["plugins"]}
    assert found["mp1"]["status"] == "ok"
    assert found["toy"]["status"] == "disabled"
    assert "SIMPLATFORM_PLUGINS" in found["toy"]["reason"]
