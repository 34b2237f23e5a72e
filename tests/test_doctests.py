"""The examples in docstrings give what they say; the public modules have some."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PUBLIC = {
    "simplatform", "simplatform.contracts", "simplatform.demonstrations", "simplatform.errors",
    "simplatform.report.statistics", "simplatform.seeding", "simplatform.solvers", "simplatform.testing",
}  # fmt: skip


def with_examples():
    """Return the modules of the package whose source holds a prompt."""
    for top in ("core", "envs", "policies", "plugins"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if re.search(r"^\s*>>> ", path.read_text(encoding="utf8"), re.M):
                parts = path.relative_to(ROOT).with_suffix("").parts
                parts = parts[1:] if top == "core" else parts
                yield ".".join(["simplatform", *parts]).removesuffix(".__init__")


@pytest.mark.parametrize("name", list(with_examples()))
def test_examples_of_a_module(name):
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0


def test_the_public_modules_have_examples():
    assert set(with_examples()) >= PUBLIC
