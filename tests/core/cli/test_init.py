"""``simplatform init``: a recipe from three answers."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from simplatform.cli import init
from simplatform.errors import UsageError
from simplatform.recipes import read_recipe, resolve


@pytest.fixture
def answers(monkeypatch):
    """Return a function that prepares what is typed at a terminal, and the list of questions that were asked."""

    def prepare(*typed):
        rest, asked = list(typed), []

        def prompt(question, default="", **_):
            asked.append(question)
            return rest.pop(0) or default

        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(init.typer, "prompt", prompt)
        return asked

    return prepare


def test_what_is_asked_becomes_a_recipe_that_runs_as_the_plugin_would(program, answers, tmp_path):
    asked = answers("", "toy/pint", "toy/point", "toy")
    code, out, err = program("init", "--output", tmp_path / "mine.toml")
    assert code == 0
    assert len(asked) == 4
    assert "did you mean" in err
    assert "toy/point" in err
    written = read_recipe(tmp_path / "mine.toml")
    assert resolve(**written).digest == resolve("toy", "toy/point").digest
    assert "simplatform run" in out


def test_a_file_of_data_is_told_and_asked_for_a_method_alone(program, answers, tmp_path):
    series = np.sin(np.linspace(0, 60, 600))[:, None] * np.ones(2)
    np.savetxt(tmp_path / "mine.csv", series, delimiter=",", header="a,b", comments="")
    asked = answers("nvar")
    code, _, _ = program("init", tmp_path / "mine.csv", "--task", "series", "--output", tmp_path / "mine.toml")
    assert code == 0
    assert len(asked) == 1
    assert "sindy" in asked[0]
    written = read_recipe(tmp_path / "mine.toml")
    assert (written["plugin"], written["task"]) == ("nvar", "series")
    assert written["settings"]["env.path"] == str(tmp_path / "mine.csv")


def test_nothing_is_written_over_and_nobody_is_asked_without_a_terminal(program, tmp_path, monkeypatch):
    place = tmp_path / "mine.toml"
    place.write_text("kept")
    assert program("init", "--output", place)[0] == UsageError.exit_code
    assert place.read_text() == "kept"
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    code, _, err = program("init", "--output", tmp_path / "other.toml")
    assert code == UsageError.exit_code
    assert "nobody to ask" in err
    assert not (tmp_path / "other.toml").exists()
    assert program("init", "-p", "toy", "-t", "toy/point", "--output", tmp_path / "other.toml")[0] == 0


def test_no_plugin_need_be_there_for_the_questions(program, answers, tmp_path, monkeypatch):
    from simplatform.plugin_host.host import get_host

    monkeypatch.setenv("SIMPLATFORM_PLUGINS", "toy")
    get_host.cache_clear()
    answers("", "toy/point", "toy")
    assert program("init", "--output", tmp_path / "mine.toml")[0] == 0
