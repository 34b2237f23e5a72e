"""What the command line shows and how it ends, whatever stands in files and on the other side of stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import simplatform as sp
from simplatform.errors import ConfigError, DataError, UsageError
from simplatform.recipes import parse_settings, read_recipe, resolve
from simplatform.text import markdown, markdown_code, markup, printable
from tests.conftest import subprocess_env

FAST = {"train.steps": 4, "task.demonstrations": 2, "task.validation": 0, "task.episodes": 2, "task.record": 0}


def raw(tmp_path, *arguments, env=None, **how):
    command = [sys.executable, "-m", "simplatform.cli", *map(str, arguments)]
    return subprocess.run(command, env=subprocess_env(tmp_path, env), cwd=tmp_path, timeout=60, **how)


def test_control_characters_of_files_do_not_reach_the_terminal(cli, tmp_path):
    (tmp_path / "x.csv").write_text("\033]0;owned\007\033[2J,b\n0,1\n1,2\n2,3\n")
    said = cli("run", "-p", "persistence", "-t", "series", "--set", "env.path=x.csv", check=1).stderr
    assert "\033" not in said
    assert "\\x1b]0;owned\\x07" in said
    assert printable("a\u202eb\x9b\n") == "a\\u202eb\\x9b\\n"


def test_names_of_a_strangers_run_are_shown_as_text(cli):
    run = sp.run("toy", settings=FAST, device="cpu", workers=1)
    recipe = json.loads((run.path / "resolved.json").read_text())
    (run.path / "resolved.json").write_text(json.dumps({**recipe, "plugin": "\033[2Jtoy"}))
    shown = cli("compare", run.path, run.path, check=0).stdout
    assert "\033" not in shown
    assert "\\x1b[2Jtoy" in shown


@pytest.mark.parametrize("verb", [("show", "toy"), ("tasks",), ("plugins",)])
def test_a_reader_that_leaves_ends_the_program_with_141(verb, tmp_path):
    read, write = os.pipe()
    os.close(read)
    done = raw(tmp_path, *verb, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("verb", [("tasks",), ("tasks", "--json"), ("show", "toy")])
def test_a_full_device_behind_stdout_is_named(verb, tmp_path):
    with open("/dev/full", "w") as full:
        done = raw(tmp_path, *verb, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("simplatform: the result could not be written to stdout: No space left on device")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_a_terminal_that_is_not_utf8_shows_what_it_can(encoding, tmp_path):
    how = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = raw(tmp_path, "tasks", env=how, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"toy/point" in done.stdout


def test_a_narrow_terminal_shows_whole_cells(cli):
    shown = cli("tasks", "toy", env={"COLUMNS": "20"}, check=0).stdout
    assert "toy/point" in shown


def test_json_has_no_numbers_that_json_has_not(capsys):
    from simplatform.cli.console import print_json

    print_json({"a": float("nan"), "b": [1.0, float("-inf")], "c": {"d": 2}})
    shown = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(word))
    assert shown == {"a": None, "b": [1.0, None], "c": {"d": 2}, "not_finite": ["a: nan", "b[1]: -inf"]}


@pytest.mark.parametrize(
    "text",
    ['plugin = "toy"\n[env]\nx = ' + "[" * 100_000, 'plugin = "toy"\n[env]\nx = ' + "[" * 400 + "]" * 400,
     'plugin = "toy"\n[env]\nx' + ".a" * 100_000 + " = 1"],
    ids=["open", "closed", "dotted"],
)  # fmt: skip
def test_a_recipe_nested_without_end_is_refused_in_one_line(text, tmp_path):
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(DataError, match="nested deeper than 64"):
        read_recipe(tmp_path / "recipe.toml")


@pytest.mark.parametrize(
    "settings", [{"env.mode": object()}, {1: 2}, {"env.mode": {1: 2}}, {"env.mode": [[object()]]}, 3]
)
def test_settings_of_odd_types_are_usage_errors(settings):
    with pytest.raises(ConfigError, match="setting"):
        resolve("toy", settings=settings)


def test_settings_of_endless_depth_are_usage_errors():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ConfigError, match="nested deeper"):
        resolve("toy", settings={"env.x": deep})
    with pytest.raises(ConfigError, match="nested deeper"):
        resolve("toy", settings=parse_settings(["env.x=" + "[" * 300 + "]" * 300]))
    with pytest.raises(ConfigError, match="nested deeper"):
        parse_settings(["env.x=" + "[" * 100_000])


def test_a_stage_that_is_none_is_a_usage_error():
    with pytest.raises(UsageError, match="until"):
        sp.run("toy", settings=FAST, until="nope")


def test_markdown_and_html_show_text_as_it_is():
    assert markdown("a|b`c`<img src=x>\n# d") == "a\\|b\\`c\\`&lt;img src=x&gt;\\\\n# d"
    assert markdown_code("a`b``c") == "``` a`b``c ```"
    assert markup("<b>{x}</b>", x="<script>") == "<b>&lt;script&gt;</b>"


@pytest.mark.parametrize("text", ["can't allocate memory: you tried to allocate 9 bytes", "CUDA out of memory.\nMore"])
def test_memory_that_is_not_there_is_one_line(monkeypatch, capsys, text):
    import simplatform.cli as cli

    for error in (RuntimeError(text), MemoryError(text)):

        def program(standalone_mode, error=error):
            raise error

        monkeypatch.setattr("simplatform.cli.app.build", lambda arguments: program)
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr().err
        assert end.value.code == 1
        assert said.startswith("simplatform: out of memory: ")
        assert said.endswith("Make the batch, the network or the data smaller.\n")
        assert len(said.splitlines()) == 1


def test_a_name_that_is_too_long_is_one_line(cli):
    said = cli("inspect", "a" * 5000 + ".csv", check=1).stderr
    assert "SIMPLATFORM_DEBUG" not in said
    assert len(said) < 600
