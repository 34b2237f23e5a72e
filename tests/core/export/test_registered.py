"""Exports of plugins: found by name, given the fit and what the run showed."""

from __future__ import annotations

import pytest

import simplatform as sp
from simplatform.errors import UsageError
from simplatform.export.registered import formats, write_registered
from simplatform.runs.rundir import RunDirectory

SETTINGS = {"train.steps": 4, "task.demonstrations": 2, "task.validation": 0, "task.episodes": 2}


def test_an_export_gets_the_fit_and_what_the_run_showed(tmp_path):
    run = RunDirectory(sp.run("toy", settings=SETTINGS, output=tmp_path, device="cpu", until="fit").path)
    path, said = write_registered(run, "toy-note")
    assert path == run.path / "toy-note.md"
    assert path.read_text() == "Toy '' ()"  # not evaluated
    assert said == ["toy/point"]
    aside, _ = write_registered(run, "toy-note", tmp_path / "deep" / "x.txt")
    assert aside.exists()


def test_a_run_without_a_checkpoint_is_refused(tmp_path):
    run = RunDirectory(sp.run("toy", settings=SETTINGS, output=tmp_path, device="cpu", until="collect").path)
    with pytest.raises(UsageError, match="has no checkpoint yet"):
        write_registered(run, "toy-note")


def test_the_platform_brings_forms_for_dynamical_systems():
    assert formats()["forecast"].extra["suffix"] == ".csv"
