"""A dry run: refused as a run is, with nothing written; the table of wrong inputs is at the command line's tests."""

from __future__ import annotations

import json

import pytest

import simplatform as sp
from simplatform.errors import ContractError, RunError, SimplatformError, UsageError
from simplatform.pipeline.rehearsal import rehearse
from simplatform.recipes import resolve


def test_it_refuses_and_writes_nothing(tmp_path):
    output = tmp_path / "runs"
    rehearse(resolve("toy"), output, "cpu")
    with pytest.raises(UsageError, match="unknown executor"):
        rehearse(resolve("toy"), output, "cpu", "abacus")
    with pytest.raises(SimplatformError, match="unknown device"):
        rehearse(resolve("toy"), output, "abacus")
    with pytest.raises(SimplatformError, match="nobody"):
        rehearse(resolve("toy"), output, "cpu", callbacks=("nobody",))
    with pytest.raises(ContractError, match="expects observations 'window'"):
        rehearse(resolve("stnn", "helmholtz"), output, "cpu")
    assert not output.exists()


def test_a_run_that_is_there_and_was_edited_is_refused_unless_it_starts_again(tmp_path):
    settings = {"train.steps": 2, "task.demonstrations": 2, "task.validation": 0, "task.episodes": 1,
                "task.opponents": False}  # fmt: skip
    run = sp.run("toy", settings=settings, output=tmp_path, device="cpu", until="fit")
    recipe = resolve("toy", settings=settings)
    rehearse(recipe, tmp_path, "cpu")
    file = run.path / "resolved.json"
    found = json.loads(file.read_text())
    file.write_text(
        json.dumps({**found, "settings": {**found["settings"], "train": {**found["settings"]["train"], "lr": 1.0}}})
    )
    with pytest.raises(RunError, match=r"given another recipe since it began: train\.lr"):
        rehearse(recipe, tmp_path, "cpu")
    rehearse(recipe, tmp_path, "cpu", fresh=True)
