"""``simplatform doctor``: what works here, as a table and as JSON; only what everything needs decides the exit code."""

from __future__ import annotations

import json

import pytest

from simplatform.contracts import Check
from simplatform.plugin_host import doctor

GOOD, BAD = Check(True, "1.0"), Check(False, "missing", "pip install it")


@pytest.mark.parametrize(
    ("checks", "code"),
    [([("python", GOOD), ("open3d", GOOD)], 0), ([("python", GOOD), ("open3d", BAD)], 0),
     ([("python", BAD), ("open3d", GOOD)], 1), ([("disk", BAD)], 1)],
)  # fmt: skip
def test_only_what_everything_needs_decides(program, monkeypatch, checks, code):
    monkeypatch.setattr(doctor, "run_checks", lambda: iter(checks))
    got, out, _ = program("doctor", "--json")
    assert got == code
    assert {name: found["ok"] for name, found in json.loads(out)["checks"].items()} == {n: c.ok for n, c in checks}
    got, out, _ = program("doctor")
    assert got == code
    assert ("pip install it" in out) == any(not check.ok for _, check in checks)
