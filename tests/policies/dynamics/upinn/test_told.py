"""What a UPINN found is told: in the report, and as a file."""

from __future__ import annotations

import pytest

import simplatform as sp
from simplatform.errors import ContractError
from simplatform.export.registered import Given
from simplatform.policies.dynamics.upinn.told import formula, told

SMALL = {"units": 6, "width": 2, "points": 10, "steps": 4, "rounds": 1, "draws": 2, "degree": 1, "substeps": 1}


def test_a_run_tells_the_hidden_terms(tmp_path):
    settings = {f"policy.{name}": value for name, value in SMALL.items()}
    quick = {"task.demonstrations": 1, "task.validation": 1, "task.episodes": 1, "task.opponents": False}
    run = sp.run("upinn", settings={**settings, **quick}, output=tmp_path)
    lines = told(sp.load(run.best))
    assert lines[0].startswith("system 0: known x' = 0.5*x, y' = ")
    assert [line.split()[0] for line in lines[1:]] == ["x'", "y'"]
    assert "Hidden terms" in (run.path / "report.html").read_text()
    given = Given(sp.load(run.best), None, 0, tmp_path / "formula.txt", "it is good")
    assert formula(given) == ["it is good", *lines]
    assert (tmp_path / "formula.txt").read_text().splitlines()[1] == lines[0]
    with pytest.raises(ContractError, match="upinn"):
        formula(Given(object(), None, 0, tmp_path / "none"))
