"""The layout is the architecture: packages, entry points, the direction of imports, documented hooks."""

from __future__ import annotations

import ast
import inspect
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from docs import rooms
from simplatform import hooks
from simplatform.plugin_host.host import KINDS, get_host

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TOPS = {
    "core": "simplatform",
    "envs": "simplatform.envs",
    "plugins": "simplatform.plugins",
    "policies": "simplatform.policies",
}


def modules():
    for top, package in TOPS.items():
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT / top).with_suffix("").parts
            yield ".".join([package, *(parts[:-1] if parts[-1] == "__init__" else parts)]), path


def imports(path):
    """Return all modules that a file imports anywhere, functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_every_package_is_in_the_wheel():
    found = {name for name, path in modules() if path.name == "__init__.py"}
    assert found == set(PROJECT["tool"]["setuptools"]["packages"])
    folders = {path.parent for _, path in modules()}
    assert all((folder / "__init__.py").exists() for folder in folders)


def test_every_plugin_file_is_an_entry_point():
    points = PROJECT["project"]["entry-points"]["simplatform"]
    found = {path.stem for path in (ROOT / "plugins").glob("*.py")} - {"__init__"}
    assert {value.rsplit(".", 1)[1] for value in points.values()} == found


def test_core_knows_no_method_and_no_problem():
    known = ("simplatform.envs", "simplatform.policies", "simplatform.plugins")
    for name, path in modules():
        if name.startswith(known):
            continue
        bad = [target for target in imports(path) if target.startswith(known)]
        assert not bad, f"{name} imports {bad}"


@pytest.mark.parametrize(("one", "other"), [("envs", "policies"), ("policies", "envs")])
def test_policies_and_environments_never_import_each_other(one, other):
    for name, path in modules():
        if name.startswith(TOPS[one]):
            bad = [target for target in imports(path) if target.startswith(TOPS[other])]
            assert not bad, f"{name} imports {bad}"


def test_plugin_files_import_nothing_heavy():
    heavy = ("torch", "numpy", "gymnasium", "mujoco", "metaworld", "scipy", "skfem")
    for name, path in modules():
        if name.startswith("simplatform.plugins."):
            assert not [target for target in imports(path) if target.split(".")[0] in heavy], name


def test_every_hook_is_documented_and_has_a_kind():
    specified = {name for name, value in vars(hooks).items() if hasattr(value, "simplatform_spec")}
    assert specified == {*KINDS, "doctor"}
    assert all(inspect.getdoc(getattr(hooks, name)) for name in specified)


def test_every_registered_target_resolves():
    for kind in KINDS.values():
        for entry in get_host().registry(kind):
            if entry.target and entry.distribution == "simplatform" and not entry.extra.get("extra"):
                entry.load()


def test_py_typed_and_templates_are_installed():
    assert files("simplatform").joinpath("py.typed").is_file()
    assert files("simplatform.report").joinpath("report.html.j2").is_file()


def test_rooms_import_from_rooms_below_and_the_drawing_is_current():
    """More arrows up than three, or one without its reason, is a room that holds too much."""
    assert set(rooms.upward()) == set(rooms.UP)
    assert len(rooms.UP) <= 3
    assert all(rooms.UP.values())
    page = rooms.PLACE.read_text(encoding="utf8")
    assert rooms.written(page) == page, "python docs/rooms.py --write"


def test_import_linter_has_the_same_floors():
    (contract,) = [c for c in PROJECT["tool"]["importlinter"]["contracts"] if "drawing" in c["name"]]
    floors = [{name.strip().removeprefix("simplatform.") for name in layer.split("|")} for layer in contract["layers"]]
    drawn = [{name for name, _ in floor} for floor in rooms.FLOORS]
    assert floors == [floor for floor in drawn if floor != {"simplatform"}]


@pytest.mark.parametrize("folder", ["benchmarks", "docs", "core", "envs", "policies", "plugins", "examples"])
def test_nothing_but_tests_imports_tests(folder):
    for path in sorted((ROOT / folder).rglob("*.py")):
        assert not [name for name in imports(path) if name.split(".")[0] == "tests"], path
        lines = path.read_text(encoding="utf8").splitlines()
        assert not [line for line in lines if "sys.path" in line and "tests" in line], path
