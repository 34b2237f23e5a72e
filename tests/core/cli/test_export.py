"""The verb `export`: a plugin's form is written and told, an unknown one is refused with its neighbours."""

from __future__ import annotations

import json

import pytest

import simplatform as sp

SETTINGS = {"train.steps": 4, "task.demonstrations": 2, "task.validation": 0}


@pytest.fixture
def run(tmp_path):
    return sp.run("toy", settings=SETTINGS, output=tmp_path, device="cpu", until="fit").path


def test_a_form_of_a_plugin_is_written_told_and_json(run, cli):
    done = cli("export", run, "--format", "toy-note", check=0)
    assert "toy-note.md" in done.stdout
    assert "toy/point" in done.stdout
    found = json.loads(cli("export", run, "--format", "toy-note", "--json", check=0).stdout)
    assert (found["format"], found["said"], found["schema_version"]) == ("toy-note", ["toy/point"], 1)


def test_an_unknown_form_is_refused_with_its_neighbours(run, cli):
    done = cli("export", run, "--format", "toy-node")
    assert done.returncode == 2
    assert "toy-note" in done.stderr
