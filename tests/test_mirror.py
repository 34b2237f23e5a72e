"""Tests mirror the source: a module with logic has its test at the mirrored path, and no test stands for nothing.

A module has logic where it branches or loops three times, or has a function of more than fifteen statements; plugins
register and are tested by `simplatform check`. ``WITHOUT`` may only shrink.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
BRANCHES = (ast.If, ast.For, ast.While, ast.Try, ast.IfExp, ast.Match)
WITHOUT = set((ROOT / "tests" / "data" / "without_tests.txt").read_text().split())
"""Modules whose own test is still to be written; others' tests reach them."""


def has_logic(source: str) -> bool:
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    longest = max((sum(isinstance(x, ast.stmt) for x in ast.walk(f)) - 1 for f in functions), default=0)
    return longest > 15 or sum(isinstance(node, BRANCHES) for node in ast.walk(tree)) >= 3


def mirrored(path: Path) -> Path:
    name = path.parent.name if path.name == "__init__.py" else path.stem
    return Path("tests") / path.parent / f"test_{name}.py"


def missing() -> set[str]:
    found = set()
    for top in ("core", "envs", "policies"):
        for path in sorted((ROOT / top).rglob("*.py")):
            own = path.relative_to(ROOT)
            if has_logic(path.read_text(encoding="utf8")) and not (ROOT / mirrored(own)).exists():
                found.add(str(own))
    return found


def test_every_module_with_logic_has_its_test():
    lacking = missing()
    assert lacking - WITHOUT == set(), "write the test at the mirrored path"
    assert WITHOUT - lacking == set(), "these have a test now: take them out of tests/data/without_tests.txt"


def test_rooms_of_tests_are_rooms_of_the_source():
    for top in ("core", "envs", "policies"):
        folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests" / top).rglob("test_*.py")}
        assert [str(folder) for folder in folders if not (ROOT / folder).is_dir()] == []


def test_logic_is_told_from_registration():
    assert has_logic("def f(x):\n    if x: return 1\n    for y in x: pass\n    return 1 if x else 2\n")
    assert has_logic("def f():\n" + "    x = 1\n" * 16)
    assert not has_logic("from a import b\n__all__ = ['b']\ndef f(x):\n    return [y for y in x if y]\n")
