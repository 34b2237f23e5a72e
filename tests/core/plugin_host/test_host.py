"""The plugin host: every broken plugin is named, and costs the others nothing."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

import pytest

from simplatform.errors import PluginError, UnknownPlugin
from simplatform.plugin_host import host as host_module
from simplatform.plugin_host.host import GROUP, Host, get_host

GOOD = """
from simplatform import hookimpl
@hookimpl
def register_policies(register):
    register("{name}", "json:dumps", config="json:loads", help="a policy")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a distribution with one plugin on the import path."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def add(name, source, requires="", module=None, distribution=None):
        module = module or f"plugin_{name.replace('-', '_')}"
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        needs = f"Requires-Dist: {requires}\n" if requires else ""
        named = distribution or f"dist-{module}"
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {named}\nVersion: 1.0\n{needs}")
        (info / "entry_points.txt").write_text(f"[simplatform]\n{name} = {module}\n")
        sys.modules.pop(module, None)
        return module

    return add


def points(*names):
    return [point for point in entry_points(group=GROUP) if point.name in names]


def test_good_plugin_is_loaded_lazily(install):
    install("good", GOOD.format(name="good"))
    host = Host(points("good"))
    (plugin,) = host.plugins
    assert (plugin.status, plugin.distribution, plugin.version) == ("ok", "dist-plugin_good", "1.0")
    assert plugin.hooks == ["register_policies"]
    assert plugin.milliseconds > 0
    assert host.registry("policy").get("good").help == "a policy"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import not_installed_anywhere", "ModuleNotFoundError: No module named 'not_installed_anywhere'"),
        ("raise SystemExit(4)", "SystemExit: 4"),
        (GOOD.format(name="x") + "    raise ValueError('in the hook')", "ValueError: in the hook"),
        ("from simplatform import hookimpl\n@hookimpl\ndef register_polices(register): pass", "register_polices"),
        ("from simplatform import hookimpl\n@hookimpl\ndef register_policies(wrong): pass", "wrong"),
        ("def broken(:", "SyntaxError"),
    ],
)
def test_broken_plugin_is_named_and_isolated(install, source, reason):
    install("broken", source)
    install("good", GOOD.format(name="good"))
    host = Host(sorted(points("broken", "good"), key=lambda point: point.name))
    broken, good = host.plugins
    assert broken.status == "failed"
    assert reason in broken.reason
    assert "Error" in broken.traceback or "SystemExit" in broken.traceback
    assert good.status == "ok"
    assert [entry.name for entry in host.registry("policy")] == ["good"]
    with pytest.raises(PluginError, match=r"'broken' \(dist-plugin_broken\) is failed"):
        host.require("broken")


def test_duplicate_name_is_refused_naming_both_distributions(install):
    install("first", GOOD.format(name="same"))
    install("second", GOOD.format(name="same"), module="other_module")
    host = Host(sorted(points("first", "second"), key=lambda point: point.name))
    assert [plugin.status for plugin in host.plugins] == ["ok", "failed"]
    assert "dist-plugin_first" in host.plugins[1].reason
    assert "dist-other_module" in host.plugins[1].reason
    assert host.registry("policy").get("same").plugin == "first"


def test_same_plugin_name_twice_keeps_the_first(install):
    install("twice", GOOD.format(name="a"), module="one")
    install("twice", GOOD.format(name="b"), module="two")
    host = Host(points("twice"))
    assert sorted(plugin.status for plugin in host.plugins) == ["incompatible", "ok"]


def test_incompatible_requirement_is_found_before_import(install):
    install("future", "raise RuntimeError('imported')", requires="simplatform>=99")
    (plugin,) = Host(points("future")).plugins
    assert plugin.status == "incompatible"
    assert "simplatform>=99" in plugin.reason


def test_a_plugin_that_builds_on_another_is_loaded_beside_it(install):
    install("base", GOOD.format(name="base"), distribution="simplatform-base")
    install("built", GOOD.format(name="built"), requires="simplatform-base>=1,<2")
    install("newer", GOOD.format(name="newer"), requires="simplatform-base>=2")
    install("movers", GOOD.format(name="movers"), requires="dist-plugin_built>=3")
    found = {plugin.name: plugin for plugin in Host(points("base", "built", "newer", "movers")).plugins}
    assert {name: plugin.status for name, plugin in found.items()} == {
        "base": "ok", "built": "ok", "newer": "incompatible", "movers": "incompatible",
    }  # fmt: skip
    assert "needs simplatform-base>=2, but simplatform-base 1.0 is installed" in found["newer"].reason
    assert "dist-plugin_built>=3" in found["movers"].reason


def test_allow_and_block_lists(install):
    install("a", GOOD.format(name="a"))
    install("b", GOOD.format(name="b"))
    found = points("a", "b")
    allowed = {p.name: p.status for p in Host(found, allow={"a"}).plugins}
    assert allowed == {"a": "ok", "b": "disabled"}
    blocked = {p.name: p.status for p in Host(found, block=["a"]).plugins}
    assert blocked == {"a": "disabled", "b": "ok"}
    with pytest.raises(PluginError, match="blocked by --no-plugin"):
        Host(found, block=["a"]).require("a")


def test_allow_list_from_the_environment(monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_PLUGINS", "toy, solvers")
    get_host.cache_clear()
    assert {p.name for p in get_host().plugins if p.status == "ok"} == {"toy", "solvers"}


def test_block_resets_the_host(monkeypatch):
    monkeypatch.setattr(host_module, "_blocked", set())
    host_module.block(["toy"])
    assert get_host().status("toy").status == "disabled"


def test_unknown_plugin_suggests_near_names():
    with pytest.raises(UnknownPlugin, match="Did you mean toy"):
        get_host().require("toyy")


def test_builtin_plugins_use_the_same_entry_points_as_anyones():
    builtin = [p for p in get_host().plugins if p.module.startswith("simplatform.plugins.")]
    assert {"mp1", "metaworld", "solvers"} <= {p.name for p in builtin}
    failed = {p.name: p.reason for p in get_host().plugins if p.status != "ok"}
    assert not failed


def test_doctor_checks_of_plugins_run_and_a_raising_one_is_a_finding():
    from simplatform.plugin_host.doctor import run_checks

    found = dict(run_checks())
    assert found["toy"].ok
    assert not found["toy broken"].ok
    assert "ZeroDivisionError" in found["toy broken"].found
    assert {"python", "torch", "plugins", "disk"} <= set(found)


def test_entry_point_without_distribution():
    (plugin,) = Host([EntryPoint("solvers", "simplatform.plugins.solvers", GROUP)]).plugins
    assert (plugin.status, plugin.distribution) == ("ok", "?")


def test_a_hook_on_its_way_out_warns_where_it_is_implemented_and_still_works(install, monkeypatch):
    """The first of three steps; the last is a hook that is unknown, which fails that plugin alone, by name."""
    source = GOOD.format(name="late") + "@hookimpl\ndef register_gadgets(register):\n    pass\n"
    older = ModuleType("older_hooks")
    older.__dict__.update(vars(host_module.hooks))
    message = "register_gadgets goes in 0.3; use register_policies"

    @host_module.hooks.hookspec(warn_on_impl=DeprecationWarning(message))
    def register_gadgets(register):
        pass

    older.register_gadgets = register_gadgets
    install("late", source)
    with monkeypatch.context() as patch:
        patch.setattr(host_module, "hooks", older)
        with pytest.warns(DeprecationWarning, match=message) as seen:
            host = Host(points("late"))
    assert any("plugin_late" in str(warning.filename) for warning in seen)
    assert host.plugins[0].status == "ok"
    assert "late" in host.registry("policy")
    gone = Host(points("late")).plugins[0]
    assert (gone.status, "register_gadgets" in gone.reason) == ("failed", True)
