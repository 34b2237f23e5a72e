"""All that the core asks is declared: it never guesses by attribute."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "core"
GUESSES = {"getattr", "hasattr", "setattr", "delattr", "dir", "vars"}
JUSTIFIED = {
    "__init__.py": 1,  # lazy attributes of the package
    "_moved.py": 1,  # what a module of an old name held
    "plugin_host/registry.py": 1,  # "module:attribute" targets
    "plugin_host/host.py": 1,  # pluggy's hooks, by name
    "pipeline/devices.py": 2,  # torch.<device>.is_available, where that kind of device has it
    "pipeline/graphed.py": 2,  # a captured policy passes on what it is asked, and sees whether its parts were replaced
    "testing/pretend/autocast.py": 3,  # torch's operators and dispatch keys, by name
    "testing/pretend/counts.py": 1,  # not every Python has sys.__stdlib_file__
    "expressions/language.py": 1,  # functions of SymPy, by name
    "expressions/program.py": 2,  # functions of NumPy and torch, by name
    "cli/console.py": 1,  # numbers of NumPy and torch, by their `item`
    "recipes/toml.py": 1,  # the same
    "executors/base.py": 1,  # os.sched_getaffinity is not everywhere
    "contracts/capabilities.py": 3,  # the one place that compares names with what is declared
}


def guesses(path: Path) -> list[int]:
    """Return the lines on which a name is looked up that the type does not declare."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))) if isinstance(node, ast.Call))
    named = [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id in GUESSES]
    tree = ast.walk(ast.parse(path.read_text(encoding="utf8")))
    return named + [node.lineno for node in tree if isinstance(node, ast.Attribute) and node.attr == "__dict__"]


def test_the_core_asks_isinstance_and_never_getattr():
    found = {str(path.relative_to(CORE)): guesses(path) for path in sorted(CORE.rglob("*.py"))}
    assert {name: len(lines) for name, lines in found.items() if lines} == JUSTIFIED, found


def test_no_ignored_attribute_in_the_core():
    text = {path: path.read_text(encoding="utf8") for path in CORE.rglob("*.py") if "pretend" not in path.parts}
    assert not [str(path) for path, source in text.items() if "ignore[attr-defined]" in source]


@pytest.mark.parametrize("line", ["getattr(policy, 'nfe', None)", "hasattr(env, 'x')", "policy.__dict__"])
def test_a_guess_is_found(tmp_path, line):
    (tmp_path / "module.py").write_text(f"def ask(policy, env):\n    return {line}\n")
    assert guesses(tmp_path / "module.py") == [2]
