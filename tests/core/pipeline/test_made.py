"""Who made a stage: digests of files, fingerprints of code, and what differs today in a sentence."""

from __future__ import annotations

import hashlib

import pytest

from simplatform.pipeline.made import changed_files, code_of, digest, record_stage, since
from simplatform.recipes import resolve
from simplatform.runs.rundir import RunDirectory


@pytest.fixture
def made(tmp_path):
    recipe = resolve("toy")
    run = RunDirectory.create(tmp_path, recipe)
    run.files.write_text("a.txt", "one")
    record_stage(run, recipe, "fit", "cpu", ["a.txt"], {"train": "x"})
    return run, recipe


def test_a_stage_records_its_files_code_data_and_machine(made):
    run, recipe = made
    found = run.stages()["fit"]
    assert found.files == {"a.txt": hashlib.sha256(b"one").hexdigest()} == {"a.txt": digest(run, "a.txt")}
    assert found.data == {"train": "x"}
    assert found.code == code_of(recipe, "fit")
    assert run.files.json("env.json")["device"] == "cpu"


def test_stages_are_added_and_made_anew(made):
    run, recipe = made
    record_stage(run, recipe, "evaluate", "cpu", [], {})
    record_stage(run, recipe, "fit", "cpu", [], {"train": "y"})
    assert set(run.stages()) == {"fit", "evaluate"}
    assert run.stages()["fit"].data == {"train": "y"}


def test_a_file_that_was_changed_or_taken_is_named(made):
    run, _ = made
    record = run.stages()["fit"]
    assert changed_files(run, record) is None
    assert changed_files(run, None) is None
    run.files.write_text("a.txt", "two")
    assert changed_files(run, record) == "a.txt was changed after it was written"
    run.files.remove("a.txt")
    assert changed_files(run, record) == "a.txt is missing"


def test_evaluations_depend_on_the_environment_and_fits_do_not(made):
    _, recipe = made
    assert set(code_of(recipe, "fit")) == {"policy"}
    assert set(code_of(recipe, "evaluate")) == {"policy", "environment"}
    assert code_of(recipe, "fit")["policy"] == code_of(recipe, "evaluate")["policy"]


def test_other_code_and_another_machine_are_said(made):
    run, recipe = made
    assert since(run, recipe, "fit") == ""
    assert since(run, recipe, "evaluate") == ""
    stages = run.files.json("stages.json")
    stages["fit"]["code"]["policy"] = "0" * 8
    stages["evaluate"] = {**stages["fit"], "made": {**stages["fit"]["made"], "processor": "Abacus"}}
    run.files.write_json("stages.json", stages)
    said = since(run, recipe, "fit")
    assert said.startswith(": made by other code than today's (policy); ")
    assert "--fresh" in said
    assert "measured on Abacus" in since(run, recipe, "evaluate")
